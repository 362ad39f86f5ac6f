-- `imagine batch`: a call for each row of a file, and a report.
local results = require "imagine.verbs.results"
local csv, fs = require "imagine.csv", require "imagine.fs"

local separators = { csv = ",", tsv = "\t" }

-- The rows, and the names of their columns in order; no names for a file that has none.
local function read(path, given)
  local kind = given or fs.extension(path)
  if kind == "csv" or kind == "tsv" then
    local options = { separator = separators[kind] }
    if path == "-" then return csv.decode(io.read "a", options) end
    return csv.read(path, options)
  end
  local text = path == "-" and io.read "a" or fs.read(path)
  if kind == "jsonl" or kind == "ndjson" then return csv.decode_lines(text) end
  if kind ~= "txt" and kind ~= "" then
    results.fault(("batch: the extension of '%s' is '%s' (expected txt, csv, tsv or jsonl); --type"
      .. " says what the file is"):format(path, kind), "type")
  end
  local rows = {}
  for line in text:gmatch "[^\r\n]+" do
    if line:find "%S" then rows[#rows + 1] = { prompt = line } end
  end
  return rows, { "prompt" }
end

-- The call of a row: its columns over the options of the command. The column `file` is no field.
local function fields_of(verb, row)
  local fields = results.with(verb.fields, row)
  fields.file = nil
  return fields
end

-- Why a path that a row gives is no place in the folder of results; nil if it is one.
local function wrong_place(path)
  if type(path) ~= "string" and type(path) ~= "number" then
    return ("a %s is not allowed (expected the name of a file)"):format(type(path))
  end
  path = tostring(path)
  if path:find "^/" or ("/" .. path .. "/"):find("/../", 1, true) then
    return ("'%s' leaves the folder (expected a path within it)"):format(path)
  end
  for part in (path .. "/"):gmatch "([^/]*)/" do
    if part == "" or part == "." or part:find "\0" then
      return ("'%s' is not allowed (expected the name of a file)"):format(path)
    end
  end
end

-- Where a row's images are saved: a name for each, and the extension if `file` of the row has one.
-- Without `file` it is the row's number and what it is about.
local function places_of(verb, row, index, fields)
  local name, extension = row.file, nil
  if name == nil or name == "" then
    local about = fields.prompt or (type(fields.image) == "string" and fs.stem(fields.image))
    name = ("%04d-%s"):format(index, results.slug(tostring(about or "row")))
  else
    local wrong = wrong_place(name)
    if wrong then results.fault(("row %d: field 'file': %s"):format(index, wrong), "file") end
    name = tostring(name)
    extension = results.extension(verb, name)
    if extension then name = name:sub(1, -#extension - 2) end
  end
  local names, count = { name }, results.count(fields)
  if count > 1 then
    for number = 1, count do names[number] = ("%s-%d"):format(name, number) end
  end
  return names, extension
end

-- Calls `visit` with each text in a row, which may be the path of an input file.
local function each_text(value, visit)
  if type(value) == "string" then visit(value) end
  if type(value) == "table" then
    for _, part in pairs(value) do each_text(part, visit) end
  end
end

-- Checks all rows before anything is sent: their fields, and that each result has a place of its own,
-- which is not that of an input.
local function check(verb, rows)
  local owners, inputs = {}, {}
  for index, row in ipairs(rows) do
    local fields = fields_of(verb, row)
    local fine, fault = pcall(results.check, verb, fields)
    if not fine then
      local message = imagine.is_error(fault) and fault.message or tostring(fault)
      results.fault(("row %d: %s"):format(index, message), fault.field)
    end
    each_text(fields, function(text)
      local path = results.resolve(text)
      if path then inputs[path] = inputs[path] or index end
    end)
  end
  for index, row in ipairs(rows) do
    local names, extension = places_of(verb, row, index, fields_of(verb, row))
    for _, name in ipairs(names) do
      local function refuse(why)
        local shown = extension and name .. "." .. extension or name
        results.fault(("row %d: field 'file': '%s' is %s"):format(index, shown, why), "file")
      end
      for _, ending in ipairs(extension and { extension } or results.own_extensions(verb)) do
        local path = fs.join(verb.options.dir, name .. "." .. ending)
        if owners[path] then refuse(("that of row %d too"):format(owners[path])) end
        owners[path] = index
        results.check_place(path)
        local input = inputs[results.resolve(path)]
        if input then refuse(("an input of row %d"):format(input)) end
      end
    end
  end
end

local report_fields = { "file", "seed", "cost", "unit", "error" }

-- The columns of the file, then those of the report.
local function report_columns(columns)
  local all, own = {}, {}
  for _, name in ipairs(report_fields) do own[name] = true end
  for _, name in ipairs(columns) do
    if not own[name] then all[#all + 1] = name end
  end
  return table.move(report_fields, 1, #report_fields, #all + 1, all)
end

return function(verb)
  local rows, columns = read(verb.operands[1], verb.options.type)
  local path = fs.join(verb.options.dir, columns and "report.csv" or "report.jsonl")
  if #rows == 0 then results.fault("batch: there are no rows", "file") end
  check(verb, rows)
  results.check_place(path)
  if results.resolve(path) and results.resolve(path) == results.resolve(verb.operands[1]) then
    results.fault(("batch: '%s' would be replaced by the report"):format(verb.operands[1]), "out")
  end
  local report = {}
  local outcomes = results.each(
    verb, rows, function(_, index) return "row " .. index end,
    function(row, index, lines)
      local fields, made = fields_of(verb, row), {}
      report[index] = made
      local names, extension = places_of(verb, row, index, fields)
      results.call(verb, fields, function(values)
        for number, value in ipairs(values) do
          local stem = names[number] or ("%s-%d"):format(names[1], number)
          local output = extension and fs.join(verb.options.dir, stem .. "." .. extension)
          local place = { output = output, stem = stem, overwrite = "true" }
          made[number] = { file = results.save(verb, value, place, lines) }
          for field, key in pairs{ seed = "seed", cost = "cost", cost_unit = "unit" } do
            made[number][key] = value[field]
          end
        end
      end)
    end)

  -- A row of the report for each file, and one for each failure. Texts of JSON are UTF-8.
  local written, text = {}, columns and tostring or results.readable
  for index, row in ipairs(rows) do
    local entries = report[index] or {}
    if not outcomes[index].ok then
      entries[#entries + 1] = { error = text(tostring(outcomes[index].error)) }
    end
    for _, entry in ipairs(entries) do
      local copy = results.with(row, entry)
      copy.file = entry.file and text(entry.file)
      written[#written + 1] = copy
    end
  end
  csv.write(path, written, columns and { columns = report_columns(columns) })
  if not verb.options.quiet and not verb.plan then
    io.stderr:write(("imagine: %d of %d rows done; %s has the report\n"):format(
      #rows - outcomes.failed, #rows, path))
  end
  results.finish(outcomes)
end
