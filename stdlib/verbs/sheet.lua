-- `imagine sheet`: a contact sheet of images.
local results = require "imagine.verbs.results"

return function(verb)
  local paths = verb.operands
  if #paths == 1 then paths = results.lines(paths[1], "path") end
  results.check_place(verb, 1)
  local lines = {}
  local sheet = imagine.sheet(results.with(verb.fields, { images = paths }))
  results.save(verb, sheet, {}, lines)
  if not verb.plan then print(lines[1]) end
end
