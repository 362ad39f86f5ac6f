-- `imagine generate`: an image for a prompt, or for each line of standard input.
local results = require "imagine.verbs.results"

return function(verb)
  local prompts = results.lines(verb.operands[1], "prompt")
  results.check_place(verb, #prompts * (tonumber(verb.fields.n) or 1))
  results.check(verb, results.with(verb.fields, { prompt = prompts[1] }))
  local stems = {}
  for index, prompt in ipairs(prompts) do stems[index] = results.slug(prompt) end
  stems = results.stems(stems)
  local _, failed = results.each(
    verb, prompts, function(_, index) return "prompt " .. index end,
    function(prompt, index, lines)
      results.call(verb, results.with(verb.fields, { prompt = prompt }), function(made)
        results.save_all(verb, made, stems[index], lines)
      end)
    end)
  results.finish(failed)
end
