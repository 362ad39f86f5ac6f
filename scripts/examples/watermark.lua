-- Puts a logo on every photo of a folder, and paints a new sky above it, by a mask made in code.
--
--   imagine scripts/examples/watermark.lua FOLDER LOGO
local fs = require "fs"
local folder, logo = arg[1], imagine.open(arg[2])

local function export(name)
  local photo = imagine.open(folder .. "/" .. name):convert{ width = 1024 }
  local sky = imagine.mask{ image = photo, feather = 24, shapes = {
    { shape = "rectangle", height = "30%" },
    { shape = "ellipse", x = "20%", width = "60%", height = "45%" },
  } }
  local result = photo:fill{ prompt = "a sky at sunset", mask = sky }
    :paste{ image = logo, x = "-22%", y = 20, width = "20%", opacity = 0.8 }
    :label{ text = name, size = 24, align = "left" }
  return result:save("marked/" .. name, { max_bytes = 400000, overwrite = "number" })
end

local names = {}
for _, entry in ipairs(fs.list(folder)) do
  if entry:match("%.jpe?g$") then names[#names + 1] = entry end
end
for _, path in ipairs(task.map(names, export, { limit = 2 })) do print(path) end
