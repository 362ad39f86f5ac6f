#!/usr/bin/env imagine
-- Thirty prompts in every style, the edits and three films, in one page to look at.
--
--   imagine scripts/showcase.lua [FOLDER]
local fs, slug = require "fs", require "slug"
local folder = arg and arg[1] or "showcase"
local seed = 7

local prompts = {
  "a city skyline at night", "a city by a river in the morning", "a street in the rain",
  "a forest path", "an autumn forest", "mountains at dawn", "the sea in a storm",
  "a beach with palms", "a red boat on a blue lake", "a desert at sunset", "a meadow in spring",
  "a cottage in the snow", "stars over hills", "a galaxy with a ringed planet",
  "a cosy living room", "a perfume bottle on a marble table", "a cup of coffee on a wooden table",
  "fruit, still life", "portrait of a woman", "a man with a hat in a street",
  "an astronaut in the desert", "a cat on a sofa", "waves rolling onto a beach", "a horse in a field",
  "a fish over a coral reef", "a castle by a river", "a lighthouse at dusk",
  "a yellow car in a city street", "a golden robot", "a rocket in space",
}
local styles = {}
for index, style in ipairs(imagine.styles()) do styles[index] = style.name end

local function shown(image, name)
  return image:convert { width = 480, height = 480, fit = "contain", format = "webp", quality = 86 }
    :save(folder .. "/" .. name .. ".webp"):sub(#folder + 2)
end

-- A mask for an image, white between two corners (in parts of its sides): a GIF of 64 by 64 whose
-- codes are single bytes, because its dictionary is emptied at each row.
local function mask(image, left, top, right, bottom)
  local rows = {}
  for y = 0, 63 do
    local row = { "\65\128" }
    for x = 0, 63 do
      local inside = x >= left * 64 and x < right * 64 and y >= top * 64 and y < bottom * 64
      row[#row + 1] = inside and "\1" or "\0"
    end
    rows[#rows + 1] = table.concat(row)
  end
  local head = "GIF87a" .. string.pack("<I2I2BBB", 64, 64, 0xF6, 0, 0) .. "\0\0\0\255\255\255"
    .. ("\0"):rep(126 * 3) .. "," .. string.pack("<I2I2I2I2BB", 0, 0, 64, 64, 0, 7)
  return imagine.decode(head .. table.concat(rows) .. "\1\129\0;")
    :convert { width = image.width, height = image.height, fit = "fill", format = "png" }
end

-- The films take longest, so they begin first.
local castle = imagine.generate { prompt = "a castle by a lake", style = "realistic",
  aspect_ratio = "16:9", seed = seed }
local films = {
  ["waves rolling onto a beach at dusk"] =
    imagine.video { prompt = "waves rolling onto a beach at dusk" },
  ["a city street at night in the rain, zoom in"] =
    imagine.video { prompt = "a city street at night in the rain, zoom in" },
  ["a given image: snow falls"] = castle:animate { prompt = "snow falls" },
}

local page = { [[<!doctype html><meta charset="utf-8"><title>Imagine: what its engine draws</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; background: #16181c; color: #e8e8ea }
  h2 { font-size: 1rem; margin: 1.6rem 0 .5rem }
  div { display: flex; flex-wrap: wrap; gap: 8px }
  figure { margin: 0; width: 220px; color: #9aa0a8; font-size: 12px }
  img { width: 100%; border-radius: 4px;
        background: repeating-conic-gradient(#444 0 25%, #666 0 50%) 0 0 / 16px 16px }
  video { width: 460px; border-radius: 4px }
</style>
<h1>What the built-in engine draws</h1>]] }
local function write(...) page[#page + 1] = string.format(...) end
local function row(title, images)
  write("<h2>%s</h2><div>", title)
  for _, image in ipairs(images) do
    write('<figure><a href="%s"><img loading="lazy" src="%s"></a>%s</figure>', image.file,
      image.file, image.name)
  end
  write "</div>"
end

for _, prompt in ipairs(prompts) do
  row(prompt, task.map(styles, function(style)
    local image = imagine.generate { prompt = prompt, style = style, seed = seed }
    return { name = style, file = shown(image, slug(prompt .. " " .. style)) }
  end))
end

local things = { "a perfume bottle", "a red car", "a castle", "a cat", "a bouquet", "an astronaut" }
row("Text to PNG", task.map(things, function(thing)
  return { name = thing, file = shown(imagine.png { prompt = thing, seed = seed }, slug("png " .. thing)) }
end))

local dog = imagine.generate { prompt = "a dog in a meadow", style = "realistic", seed = seed }
local hole = mask(dog, 0.36, 0.38, 0.79, 0.85)
local portrait = imagine.generate { prompt = "portrait of a woman, studio", style = "realistic", seed = seed }
local bottle = imagine.png { prompt = "a perfume bottle", seed = seed }
local edits = {
  { "an image", function() return dog end },
  { "mask", function() return hole end },
  { "retouch", function() return dog:retouch { mask = hole } end },
  { "fill: a white house", function() return dog:fill { prompt = "a white house", mask = hole } end },
  { "resize to 16:9", function() return dog:resize { aspect_ratio = "16:9" } end },
  { "resize to 9:16", function() return dog:resize { aspect_ratio = "9:16" } end },
  { "upscale", function() return dog:upscale() end },
  { "a portrait", function() return portrait end },
  { "its background removed", function() return portrait:remove_background() end },
  { "a background for a bottle: a marble table",
    function() return bottle:add_background { prompt = "on a marble table", seed = seed } end },
  { "… : a beach at sunset",
    function() return bottle:add_background { prompt = "on a beach at sunset", seed = seed } end },
}
row("Edits", task.map(edits, function(edit, index)
  return { name = edit[1], file = shown(edit[2](), ("edit-%02d"):format(index)) }
end))

write "<h2>Films</h2><div>"
for title, job in pairs(films) do
  local file = slug(title) .. ".mp4"
  job:wait():save(folder .. "/" .. file)
  write('<figure style="width:auto"><video src="%s" controls loop muted></video><br>%s</figure>',
    file, title)
end
write "</div>"
print(fs.write(folder .. "/index.html", table.concat(page, "\n") .. "\n"))
