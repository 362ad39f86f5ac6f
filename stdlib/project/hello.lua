-- Makes an image of each subject, and a contact sheet of them:
--
--   imagine hello.lua "a red bottle" "a blue cup"
--
-- Without a key the built-in engine draws placeholders; `imagine doctor` says how to use a service.
-- If it is killed, `imagine --resume hello.lua` resumes it and pays for no image twice.
local slug = require "slug"

local subjects = #arg > 0 and arg or { "a red bottle", "a blue cup" } ---@type string[]
local images = task.map(subjects, function(subject, index)
  return imagine.generate{ prompt = subject .. " on a table", style = "realistic", seed = index }
end)

local paths = {} ---@type string[]
for index, image in ipairs(images) do
  paths[index] = image:save("out/" .. slug(subjects[index]) .. ".png")
end
paths[#paths + 1] = imagine.sheet{ images = images, columns = 2 }:save("out/sheet.png")
print(table.concat(paths, "\n"))
return paths
