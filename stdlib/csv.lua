--- Tables in files: CSV with a header row, TSV, and JSON Lines.
---
--- ```lua
--- local csv = require "csv"
--- local rows, columns = csv.read("prompts.csv")
--- print(#rows, rows[1].prompt, columns[1])
--- csv.write("out/report.csv", { { name = "cat", seed = 7 } }, { columns = { "name", "seed" } })
--- ```
---
--- The first row names the columns, and every other row is a table with those keys. Cells are
--- strings, unchanged. An empty cell becomes no field, so that `row.seed or 7` works and a row can be
--- passed to `imagine.generate`; an empty quoted cell, `""`, is the empty string. Quoted commas, quotes
--- and line ends, CRLF and a byte order mark are read as spreadsheets write them. Empty lines and rows
--- of separators only are skipped. A malformed file raises an error of kind `validation` that names
--- the line.
---
--- The extension of a path selects the format: `.tsv` is separated by tabs; `.jsonl` and `.ndjson`
--- are JSON Lines, one object a line, where numbers, booleans, lists and objects keep their type and
--- null fields are omitted. Everything else is CSV.
---
---@class csv
local csv = {}

local native = select(2, ...)

---@class csv.options
---@field separator? string one character; the default depends on the path, else `,`
---@field header? boolean false: there is no header row, and each row is a list of strings

---@class csv.write_options: csv.options
---@field columns? string[] the columns in order; the default is all names that occur, sorted

local forms = { tsv = "\t", jsonl = "lines", ndjson = "lines" }

local function form_of(path)
  return forms[require "imagine.fs".extension(path)] or ","
end

local types = { separator = "string", header = "boolean", columns = "table" }

-- Checks the options and sets the separator of a path.
local function read_options(options, allowed, called, separator)
  local result = { separator = separator or ",", header = true }
  for name, value in next, native.fields(options, called, allowed) do
    local kind = types[name]
    if type(value) ~= kind then
      native.fault(
        ("%s: option '%s' is a %s (expected a %s)"):format(called, name, type(value), kind), name)
    end
    result[name] = value
  end
  if #result.separator ~= 1 or result.separator:find('["\r\n]') then
    native.fault(called .. ": a separator is one character, no quote and no line end", "separator")
  end
  return result
end

local reading, writing = { "separator", "header" }, { "separator", "header", "columns" }

local function check_text(text, called)
  if type(text) ~= "string" then
    native.fault(("%s: a %s is not allowed (expected a string)"):format(called, type(text)))
  end
end

-- Returns the cells of each record and the line where it begins. An empty unquoted cell is false.
local function records(text, separator, source)
  local position, line = 1, 1
  if text:sub(1, 3) == "\239\187\191" then position = 4 end
  local plain = "^[^\r\n" .. (separator:gsub("%W", "%%%0")) .. "]*"

  local function fault(message)
    native.fault(("%s: line %d: %s"):format(source, line, message))
  end

  -- Reads the quoted cell at `position` and advances it.
  local function quoted()
    local start, parts = position, {}
    while true do
      local quote = text:find('"', position + 1, true)
      if not quote then fault("a quoted cell has no closing quote") end
      parts[#parts + 1] = text:sub(position + 1, quote - 1)
      position = quote + 1
      if text:sub(position, position) ~= '"' then break end
    end
    local _, breaks = text:sub(start, position - 1):gsub("\r?\n", "")
    return table.concat(parts, '"'), breaks
  end

  local function record()
    -- Skip empty lines.
    while true do
      local _, stop = text:find("^\r?\n", position)
      if not stop then _, stop = text:find("^\r", position) end
      if not stop then break end
      position, line = stop + 1, line + 1
    end
    if position > #text then return nil end
    local cells, first = { n = 0 }, line
    while true do
      local cell
      if text:sub(position, position) == '"' then
        local breaks
        cell, breaks = quoted()
        line = line + breaks
      else
        local _, stop = text:find(plain, position)
        cell = stop >= position and text:sub(position, stop)
        position = stop + 1
        if cell and cell:find('"', 1, true) then
          fault('a quote in a cell that does not begin with one (write ""…"" around the cell)')
        end
      end
      cells.n = cells.n + 1
      cells[cells.n] = cell
      local next_character = text:sub(position, position)
      if next_character == separator then
        position = position + 1
      elseif position > #text then
        return cells, first
      else
        local _, stop = text:find("^\r?\n", position)
        if not stop and next_character == "\r" then stop = position end
        if not stop then fault("text after the closing quote of a cell") end
        position, line = stop + 1, line + 1
        return cells, first
      end
    end
  end

  -- Spreadsheets write empty rows as separators only.
  local function is_empty(cells)
    for index = 1, cells.n do
      if cells[index] then return false end
    end
    return true
  end

  return function()
    while true do
      local cells, first = record()
      if not cells or not is_empty(cells) then return cells, first end
    end
  end
end

-- The names of the columns by position; a column without a name is false.
local function columns_of(cells, source, line)
  local columns, seen = {}, {}
  for index = 1, cells.n do
    local name = cells[index]
    if name and seen[name] then
      native.fault(("%s: line %d: two columns are named '%s'"):format(source, line, name), name)
    end
    columns[index] = name
    if name then seen[name] = true end
  end
  return columns
end

local function decode(text, options, source)
  local rows, columns = {}, nil
  for cells, line in records(text, options.separator, source) do
    if not options.header then
      for index = 1, cells.n do cells[index] = cells[index] or "" end
      cells.n = nil
      rows[#rows + 1] = cells
    elseif not columns then
      columns = columns_of(cells, source, line)
    else
      local row = {}
      for index = 1, cells.n do
        local cell, name = cells[index], columns[index]
        if cell and not name then
          native.fault(("%s: line %d: cell %d, '%s', has no column name")
            :format(source, line, index, cell))
        end
        row[name or ""] = cell or nil
      end
      rows[#rows + 1] = row
    end
  end
  local names = {}
  for _, name in ipairs(columns or {}) do
    if name then names[#names + 1] = name end
  end
  return rows, names
end

-- The message of an error of the library; re-raises anything else, such as an interrupt.
local function reason(fault)
  if type(fault) ~= "userdata" then error(fault, 0) end
  return fault.message
end

local function decode_lines(text, source)
  local json = require "imagine.json"
  local rows, line = {}, 0
  for record in (text:gsub("^\239\187\191", "") .. "\n"):gmatch("(.-)\r?\n") do
    line = line + 1
    if record:find("%S") then
      local ok, row = pcall(json.decode, record, { drop_null = true })
      if not ok then
        local message = reason(row):gsub("^json.decode: ", "")
        local place, rest = message:match("^line 1(, column %d+)(: .*)")
        native.fault(("%s: line %d%s"):format(
          source, line, place and place .. rest or ": " .. message))
      elseif type(row) ~= "table" then
        native.fault(("%s: line %d: a %s is not a row (expected an object or an array)"):format(
          source, line, type(row)))
      end
      rows[#rows + 1] = row
    end
  end
  return rows
end

--- Parses a CSV text. Returns its rows and the names of its columns in order.
---@param text string
---@param options? csv.options
---@return table<string, string>[] rows
---@return string[] columns
function csv.decode(text, options)
  check_text(text, "csv.decode")
  return decode(text, read_options(options, reading, "csv.decode"), "csv.decode")
end

--- Parses JSON Lines: each line is an object or an array.
---@param text string
---@return table[] rows
function csv.decode_lines(text)
  check_text(text, "csv.decode_lines")
  return decode_lines(text, "csv.decode_lines")
end

--- Reads a file. Returns its rows and, for CSV and TSV, the names of its columns in order.
---@param path string
---@param options? csv.options
---@return table[] rows
---@return string[]? columns
function csv.read(path, options)
  local text = require "imagine.fs".read(path)
  local form = form_of(path)
  if form == "lines" then return decode_lines(text, path) end
  return decode(text, read_options(options, reading, "csv.read", form), path)
end

local function check_rows(rows, called)
  if type(rows) ~= "table" then
    native.fault(("%s: rows are a %s (expected a list of tables)"):format(called, type(rows)))
  end
  for index, row in ipairs(rows) do
    if type(row) ~= "table" then
      native.fault(("%s: row %d is a %s (expected a table)"):format(called, index, type(row)))
    end
  end
end

-- The shortest text of a number that reads back as the same number.
local function number_text(value, called, index, column)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value ~= value or value == math.huge or value == -math.huge then
    native.fault(("%s: row %d, column '%s' is %s (expected a finite number)"):format(
      called, index, column, value ~= value and "not a number" or "infinite"), tostring(column))
  end
  for digits = 14, 17 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then
      return text:find("[.e]") and text or text .. ".0"
    end
  end
end

-- The text of a cell, quoted if spreadsheets need that.
local function cell_text(value, separator, called, index, column)
  local kind = type(value)
  if kind == "nil" then return "" end
  if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    native.fault(("%s: row %d, column '%s' is a %s (expected a string, a number or a boolean)")
      :format(called, index, column, kind), tostring(column))
  end
  local text = kind == "number" and number_text(value, called, index, column) or tostring(value)
  local special = text == "" or text:find('["\r\n]') or text:find(separator, 1, true)
    or text:find("^[ \t]") or text:find("[ \t]$")
  return special and '"' .. text:gsub('"', '""') .. '"' or text
end

-- All names that occur in the rows, sorted.
local function all_columns(rows, called)
  local seen, columns = {}, {}
  for index, row in ipairs(rows) do
    for name in next, row do
      if type(name) ~= "string" then
        native.fault(("%s: row %d has a %s for a column's name (header = false writes lists)")
          :format(called, index, type(name)))
      end
      if not seen[name] then
        seen[name] = true
        columns[#columns + 1] = name
      end
    end
  end
  table.sort(columns)
  return columns
end

local function encode(rows, options, called)
  check_rows(rows, called)
  local separator, lines = options.separator, {}
  local function add(count, value_at, index)
    local cells, is_empty = {}, count > 0
    for place = 1, count do
      local value, column = value_at(place)
      cells[place] = cell_text(value, separator, called, index, column)
      is_empty = is_empty and cells[place] == ""
    end
    -- A row of empty cells only would be skipped when it is read.
    if is_empty then cells[1] = '""' end
    lines[#lines + 1] = table.concat(cells, separator)
  end
  if options.header then
    local columns = options.columns or all_columns(rows, called)
    add(#columns, function(place) return columns[place], "header" end, 0)
    for index, row in ipairs(rows) do
      add(#columns, function(place) return row[columns[place]], columns[place] end, index)
    end
  else
    for index, row in ipairs(rows) do
      add(#row, function(place) return row[place], place end, index)
    end
  end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

local function encode_lines(rows, called)
  check_rows(rows, called)
  local json, lines = require "imagine.json", {}
  for index, row in ipairs(rows) do
    local ok, line = pcall(json.encode, row)
    if not ok then
      native.fault(("%s: row %d: %s"):format(
        called, index, (reason(line):gsub("^json.encode: ", ""))))
    end
    lines[index] = line
  end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

--- Formats rows as a CSV text. A nil field is an empty cell. A row without any field gets the empty
--- string in its first column, because a row of separators only is skipped when it is read.
---@param rows table[]
---@param options? csv.write_options
---@return string text
function csv.encode(rows, options)
  return encode(rows, read_options(options, writing, "csv.encode"), "csv.encode")
end

--- Formats rows as JSON Lines.
---@param rows table[]
---@return string text
function csv.encode_lines(rows)
  return encode_lines(rows, "csv.encode_lines")
end

--- Writes rows to a file and returns its path. The write is atomic; missing folders are created.
---@param path string
---@param rows table[]
---@param options? csv.write_options
---@return string path
function csv.write(path, rows, options)
  local form = form_of(path)
  local text
  if form == "lines" then
    text = encode_lines(rows, "csv.write")
  else
    text = encode(rows, read_options(options, writing, "csv.write", form), "csv.write")
  end
  return require "imagine.fs".write(path, text)
end

return csv
