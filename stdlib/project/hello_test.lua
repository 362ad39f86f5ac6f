-- Tests hello.lua. From its recording it needs no key, no network and no server:
--
--   imagine --replay tests/hello.recording tests/hello.lua
--
-- After a change of its calls, record it again:
--
--   imagine --provider local --record tests/hello.recording tests/hello.lua
local paths = dofile "hello.lua"

assert(#paths == 3, "there is an image of each of two subjects, and a sheet")
for _, path in ipairs(paths) do
  local facts = imagine.inspect(path)
  assert(facts.format == "png" and facts.width >= 320, path)
end
print "ok"
