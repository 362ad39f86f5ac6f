-- Generates random prompts of a template, with words from the files in the folder `wildcards`.
--
--   imagine scripts/examples/wildcards.lua "a {small|huge} __animal__ in a __place__" 6
local fs, prompts, slug = require "fs", require "prompts", require "slug"
local template = arg[1] or "a {small|2::huge} {cat|dog|fox} {at dawn|in the rain}"
local count = math.tointeger(tonumber(arg[2])) or 4

io.stderr:write(prompts.count(template), " prompts are possible\n")
-- The same seed picks the same prompts, so that a run can be resumed.
local picked = prompts.pick(template, { n = count, seed = 3 })
local paths = task.map(picked, function(prompt, index)
  local path = ("wild/%02d-%s.webp"):format(index, slug(prompt, { max = 60 }))
  return imagine.generate{ prompt = prompt, seed = index }:save(path, { quality = 85 })
end)
for _, path in ipairs(paths) do print(path) end
fs.write("wild/prompts.txt", table.concat(picked, "\n") .. "\n")
