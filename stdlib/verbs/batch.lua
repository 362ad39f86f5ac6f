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

-- Where a row's images are saved: `file` of the row, else its number and what it is about.
local function place_of(verb, row, index, fields)
  local name = row.file ~= nil and row.file ~= "" and tostring(row.file) or nil
  local extension = name and fs.extension(name)
  if name and not results.may_save(verb, extension) then extension = nil end
  if extension then name = name:sub(1, -#extension - 2) end
  local about = fields.prompt or (type(fields.image) == "string" and fs.stem(fields.image)) or "row"
  return name or ("%04d-%s"):format(index, results.slug(tostring(about))), extension
end

-- Checks all rows before anything is sent.
local function check(verb, rows)
  local owners = {}
  for index, row in ipairs(rows) do
    local fields = fields_of(verb, row)
    local fine, fault = pcall(results.check, verb, fields)
    if not fine then
      local message = imagine.is_error(fault) and fault.message or tostring(fault)
      results.fault(("row %d: %s"):format(index, message), fault.field)
    end
    local name = place_of(verb, row, index, fields)
    local wrong = row.file ~= nil and row.file ~= "" and results.outside(tostring(row.file))
    if wrong then results.fault(("row %d: field 'file': %s"):format(index, wrong), "file") end
    if owners[name] then
      results.fault(("row %d: field 'file': '%s' is that of row %d too"):format(
        index, tostring(row.file), owners[name]), "file")
    end
    owners[name] = index
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
  if #rows == 0 then results.fault("batch: there are no rows", "file") end
  check(verb, rows)
  local report = {}
  local outcomes, failed = results.each(
    verb, rows, function(_, index) return "row " .. index end,
    function(row, index, lines)
      local fields, made = fields_of(verb, row), {}
      report[index] = made
      local name, extension = place_of(verb, row, index, fields)
      results.call(verb, fields, function(values)
        for number, value in ipairs(values) do
          local stem = #values == 1 and name or ("%s-%d"):format(name, number)
          local output = extension and fs.join(verb.options.dir, stem .. "." .. extension)
          local place = { output = output, stem = stem, overwrite = "true" }
          made[number] = { file = results.save(verb, value, place, lines) }
          for field, key in pairs{ seed = "seed", cost = "cost", cost_unit = "unit" } do
            made[number][key] = value[field]
          end
        end
      end)
    end)

  -- A row of the report for each file, and one for each failure.
  local written = {}
  for index, row in ipairs(rows) do
    local entries = report[index] or {}
    if not outcomes[index].ok then
      entries[#entries + 1] = { error = tostring(outcomes[index].error) }
    end
    for _, entry in ipairs(entries) do written[#written + 1] = results.with(row, entry) end
  end
  local path = fs.join(verb.options.dir, columns and "report.csv" or "report.jsonl")
  csv.write(path, written, columns and { columns = report_columns(columns) })
  if not verb.options.quiet and not verb.plan then
    io.stderr:write(("imagine: %d of %d rows done; %s has the report\n"):format(
      #rows - failed, #rows, path))
  end
  results.finish(failed)
end
