-- `imagine sheet`: a contact sheet of images.
local results = require "imagine.verbs.results"

return function(verb)
  local paths = verb.operands
  if #paths == 1 then paths = results.lines(paths[1], "path") end
  results.check_output(verb, 1)
  results.finish(results.each(
    verb, { paths }, function() return "sheet" end,
    function(images, _, lines)
      local sheet = imagine.sheet(results.with(verb.fields, { images = images }))
      results.save(verb, sheet, {}, lines)
    end))
end
