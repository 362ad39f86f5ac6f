-- Compares styles, subjects and seeds of one prompt: a sheet for each seed, and a table of all cells.
--
--   imagine --resume scripts/examples/xyz.lua "a cat on a sofa" cat cat,dog,"red fox"
local sweep = require "sweep"
local prompt, word = arg[1] or "a cat on a sofa", arg[2] or "cat"

local subjects = {}
for subject in (arg[3] or "cat,dog"):gmatch("[^,]+") do subjects[#subjects + 1] = subject end

local result = sweep.run{
  call = { prompt = prompt },
  x = { field = "style", values = { "realistic", "anime", "imagine-turbo" } },
  y = { replace = word, values = subjects },
  z = { field = "seed", values = { 7, 8 } },
  limit = 4,
}
for page, sheet in ipairs(result.sheets) do print(sheet:save(("xyz-%d.png"):format(page))) end
print(sweep.csv(result, "xyz.csv"))
