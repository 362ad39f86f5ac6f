-- Generates a prompt with several seeds, and shows them on one sheet with the sharpest first.
--
--   imagine scripts/examples/seed-sheet.lua "a lighthouse at dusk" 6
local prompt = arg[1] or "a lighthouse at dusk"
local count = math.tointeger(tonumber(arg[2])) or 6

local images = imagine.generate{ prompt = prompt, n = count, seed = 1 }
local sharpness = {}
for _, image in ipairs(images) do sharpness[image.seed] = image:measure().sharpness end
table.sort(images, function(one, other) return sharpness[one.seed] > sharpness[other.seed] end)

local labels = {}
for index, image in ipairs(images) do
  labels[index] = ("seed %d\nsharpness %.3f"):format(image.seed, sharpness[image.seed])
end
imagine.sheet{ images = images, labels = labels, title = prompt }:save("seeds.png")
images[1]:save("best.jpg", { quality = 92 })
print("seeds.png", "best.jpg")
