-- `imagine edit`: an operation on each of some images.
local results = require "imagine.verbs.results"
local json = require "imagine.json"

-- The numbers of a step that returns some.
local function print_numbers(verb, path, numbers, lines)
  if verb.options.json then
    numbers.path = path
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
  local paths, stems = verb.operands, {}
  results.check_place(verb, #paths * (tonumber(verb.fields.n) or 1))
  if not verb.step then
    results.check(verb, results.with(verb.fields, { image = paths[1] }))
  end
  for index, path in ipairs(paths) do stems[index] = results.stem(path) end
  stems = results.stems(stems)
  local _, failed = results.each(
    verb, paths, function(path) return path end,
    function(path, index, lines)
      local image = results.open(path)
      if verb.step then
        local made = image[verb.operation](image, verb.fields)
        if verb.answer == "numbers" then return print_numbers(verb, path, made, lines) end
        return results.save(verb, made, { stem = stems[index] }, lines)
      end
      results.call(verb, results.with(verb.fields, { image = image }), function(made)
        results.save_all(verb, made, stems[index], lines)
      end)
    end)
  results.finish(failed)
end
