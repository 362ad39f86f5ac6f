-- Makes a card for every product of a table, and one page with all of them.
--
--   imagine scripts/examples/catalogue.lua products.csv
--
-- The table has the columns `name`, `price` and, where the name does not say it, `prompt`.
local csv, slug = require "csv", require "slug"
local rows = csv.read(arg[1])
local paper, ink = "#f5f1e8", "#22303c"

local function card(row)
  local product = imagine.png{ prompt = row.prompt or row.name, seed = 7 }
  return imagine.canvas{ width = 640, height = 800, background = paper }
    :paste{ image = product, x = 60, y = 40, width = 520 }
    :label{ text = row.name, y = 590, width = 580, size = 34, color = ink, background = "transparent" }
    :label{ text = row.price, y = 720, size = 44, color = "#b3412e", background = "transparent" }
end

local cards = task.map(rows, card, { limit = 4, progress = function(done, count)
  io.stderr:write(("%d of %d cards\n"):format(done, count))
end })
for index, image in ipairs(cards) do
  print(image:save(("catalogue/%02d-%s.jpg"):format(index, slug(rows[index].name))))
end
print(imagine.sheet{ images = cards, cell = 480, background = "white" }
  :save("catalogue/all.jpg", { max_bytes = 2000000 }))
