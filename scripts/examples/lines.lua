-- Reads prompts from standard input and prints the path of each image, in their order.
--
--   printf 'a red boat\na blue boat\n' | imagine scripts/examples/lines.lua out | xargs ls -l
--
-- A line that fails is told on stderr and leaves an empty line, and the exit code is 1.
local slug = require "slug"
local folder = arg[1] or "out"
local lines = {} ---@type string[]
for line in io.lines() do
  if line:find("%S") then lines[#lines + 1] = line end
end

local outcomes = task.settle(lines, function(prompt, index)
  return imagine.generate(prompt):save(("%s/%03d-%s.png"):format(folder, index, slug(prompt)))
end)
local failed = false
for index, outcome in ipairs(outcomes) do
  print(outcome.value or "")
  if not outcome.ok then
    failed = true
    io.stderr:write(("line %d: %s\n"):format(index, tostring(outcome.error)))
  end
end
os.exit(not failed, true)
