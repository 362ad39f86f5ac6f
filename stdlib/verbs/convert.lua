-- `imagine convert`: images in other formats and sizes.
local results = require "imagine.verbs.results"

return function(verb)
  local paths, stems = verb.operands, {}
  results.check_place(verb, #paths)
  for index, path in ipairs(paths) do stems[index] = results.stem(path) end
  stems = results.stems(stems)
  local _, failed = results.each(
    verb, paths, function(path) return path end,
    function(path, index, lines)
      local image = results.open(path)
      local format = verb.options.format or image.format
      if next(verb.fields) then
        -- Without loss: it is encoded once, where it is saved.
        image = image:convert(results.with(verb.fields, {
          format = "png", background = verb.options.background,
        }))
      end
      results.save(verb, image, { stem = stems[index], format = format }, lines)
    end)
  results.finish(failed)
end
