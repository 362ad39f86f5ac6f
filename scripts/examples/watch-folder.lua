-- Cuts out the subject of every photo that comes into a folder, and moves the photo away.
--
--   imagine scripts/examples/watch-folder.lua inbox outbox
--
-- It runs until Ctrl-C; a third argument is the seconds after which it ends.
local fs, log = require "fs", require "log"
local inbox, outbox, seconds = arg[1] or "inbox", arg[2] or "outbox", tonumber(arg[3])
fs.mkdir(inbox)

local function handle(path)
  local cut = imagine.open(path):convert{ width = 1024 }:remove_background()
  local saved = cut:save(fs.join(outbox, fs.stem(path) .. ".png"), { overwrite = "number" })
  fs.move(path, fs.join(outbox, "originals", fs.name(path)))
  return saved
end

for path in fs.watch(inbox, { pattern = "*.[jp][pn]*g", timeout = seconds }) do
  -- A photo that fails stays where it is; the others go on.
  local ok, result = pcall(handle, path)
  if ok then print(result) else log.error("not cut out", { path = path, error = result }) end
end
