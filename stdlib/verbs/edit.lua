-- `imagine edit`: an operation on each of some images.
local results = require "imagine.verbs.results"
local json = require "imagine.json"

-- The numbers of a step that returns some.
local function print_numbers(verb, path, numbers, lines)
  if verb.options.json then
    numbers.path = results.readable(path)
    lines[#lines + 1] = json.encode(numbers)
    return
  end
  local names = {}
  for name in pairs(numbers) do names[#names + 1] = name end
  table.sort(names)
  local parts = { path }
  for _, name in ipairs(names) do
    parts[#parts + 1] = ("%s=%.6g"):format(name, numbers[name])
  end
  lines[#lines + 1] = table.concat(parts, "\t")
end

return function(verb)
  if not verb.step then
    results.check(verb, results.with(verb.fields, { image = verb.operands[1] }))
  end
  results.check_output(verb, #verb.operands * results.count(verb.fields))
  results.each_image(verb, function(image, stem, lines, path)
    if not verb.step then return results.make(verb, { image = image }, stem, lines) end
    local made = image[verb.operation](image, verb.fields)
    if verb.answer == "numbers" then return print_numbers(verb, path, made, lines) end
    results.save(verb, made, { stem = stem }, lines)
  end)
end
