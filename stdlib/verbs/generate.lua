-- `imagine generate`: an image for a prompt, or for each line of standard input.
local results = require "imagine.verbs.results"

return function(verb)
  local prompts, stems = results.lines(verb.operands[1], "prompt"), {}
  results.check(verb, results.with(verb.fields, { prompt = prompts[1] }))
  results.check_output(verb, #prompts * results.count(verb.fields))
  for index, prompt in ipairs(prompts) do stems[index] = results.slug(prompt) end
  stems = results.stems(stems)
  results.finish(results.each(
    verb, prompts, function(_, index) return "prompt " .. index end,
    function(prompt, index, lines)
      results.make(verb, { prompt = prompt }, stems[index], lines)
    end))
end
