-- Makes the picture of a day, once. In a crontab, where a later line makes up for a run that failed:
--
--   0 6-9 * * *  cd ~/days && imagine --once scripts/examples/daily.lua "$(date +\%F)"
--
-- With --once a day that is done sends nothing, and a run that was killed resumes where it was.
-- Without it the file tells whether the day is done.
local fs, prompts = require "fs", require "prompts"
local day = arg[1] or os.date("%Y-%m-%d")
local year, month, date = day:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
if not year then error("the argument is a day such as 2026-11-28", 0) end

local path = "days/" .. day .. ".jpg"
if fs.exists(path) then
  print(path)
  return
end
local number = math.tointeger(tonumber(year .. month .. date))
local prompt = prompts.pick(
  "a {lighthouse|harbour|mountain|forest|castle} {at dawn|at noon|at dusk|in the snow|in the rain}",
  { seed = number })[1]
local image = imagine.generate{ prompt = prompt, aspect_ratio = "16:9", seed = number }
  :label{ text = day .. "  " .. prompt, size = 28 }
print(image:save(path, { quality = 88 }))
fs.append("days/index.txt", day .. "\t" .. prompt .. "\n")
