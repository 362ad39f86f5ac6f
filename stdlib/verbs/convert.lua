-- `imagine convert`: images in other formats and sizes.
local results = require "imagine.verbs.results"

return function(verb)
  results.check_output(verb, #verb.operands)
  results.each_image(verb, function(image, stem, lines)
    local format = verb.options.format or image.format
    if next(verb.fields) then
      -- Without loss: it is encoded once, where it is saved.
      image = image:convert(results.with(verb.fields, {
        format = "png", background = verb.options.background,
      }))
    end
    results.save(verb, image, { stem = stem, format = format }, lines)
  end)
end
