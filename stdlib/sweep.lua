--- Varies a call along one to three axes: fields of the call, or words of its prompt.
---
--- ```lua
--- local sweep = require "sweep"
--- local result = sweep.run{
---   call = { prompt = "a cat on a sofa", seed = 7 },
---   x = { field = "style", values = { "realistic", "anime" } },
---   y = { replace = "cat", values = { "cat", "dog", "fox" } },
--- }
--- for page, sheet in ipairs(result.sheets) do sheet:save("sweep-" .. page .. ".png") end
--- sweep.csv(result, "sweep.csv")
--- ```
---
--- Each cell is one call, so a run that is resumed makes only those that are missing. All calls are
--- checked before the first is sent. Without a `seed` in `call` each cell has its own.
---
---@class sweep
local sweep = {}

local native = select(2, ...)

local max_cells, page_pixels = 10000, 4000
local names = { "x", "y", "z" }

local function fault(message, ...)
  native.fault("sweep: " .. message:format(...))
end

---@class sweep.axis
---@field field? string the field of the call that changes
---@field replace? string or the word of the prompt that each value replaces
---@field values any[]
---@field labels? string[] what the sheet says in place of the values

---@class sweep.options
---@field call imagine.generate_call|string the fields of the call, with `operation` for another one than `generate`
---@field x sweep.axis the columns of a sheet
---@field y? sweep.axis the rows of a sheet
---@field z? sweep.axis a sheet for each value
---@field limit? integer calls at a time, 8 by default
---@field sheet? boolean|{ cell?: integer, background?: string, title?: string } whether to make sheets, true by default; and how

---@class sweep.cell
---@field x any the value of this axis
---@field y? any
---@field z? any
---@field call table the fields of the call
---@field image imagine.Image

---@class sweep.result
---@field cells sweep.cell[] z by z, row by row
---@field sheets imagine.Image[] in that order; several for a z if one page is too small
---@field axes table<string, string> the field or the word of each axis

-- A plain copy of a table with these fields only.
local function fields(given, what, allowed)
  if type(given) ~= "table" then fault("%s is a %s (expected a table)", what, type(given)) end
  return native.fields(given, "sweep: " .. what, allowed)
end

-- A plain copy of a list, up to its first nil.
local function entries(list, what, expected)
  if type(list) ~= "table" then fault("%s is a %s (expected a list)", what, type(list)) end
  local copy = {}
  for index = 1, max_cells + 1 do
    local value = list[index]
    if value == nil then break end
    if expected and type(value) ~= expected then
      fault("item %d of %s is a %s (expected a %s)", index, what, type(value), expected)
    end
    copy[index] = value
  end
  if #copy == 0 or #copy > max_cells then
    fault("%s has %s entries (expected 1 to %d)", what, #copy == 0 and "no" or "too many", max_cells)
  end
  return copy
end

local function open_axis(given, name)
  local axis = fields(given, "axis " .. name, { "field", "replace", "values", "labels" })
  for _, kind in ipairs{ "field", "replace" } do
    local value = axis[kind]
    if value ~= nil and (type(value) ~= "string" or value == "") then
      fault("axis %s: %s is not allowed as '%s' (expected a text)", name,
        type(value) == "string" and '""' or "a " .. type(value), kind)
    end
  end
  if (axis.field == nil) == (axis.replace == nil) then
    fault("axis %s has %s 'field' and 'replace' (expected one of them)", name,
      axis.field and "both" or "neither")
  end
  axis.values = entries(axis.values, "axis " .. name .. ": values", axis.replace and "string")
  axis.labels = axis.labels ~= nil
    and entries(axis.labels, "axis " .. name .. ": labels", "string") or {}
  axis.name = axis.field or axis.replace
  return axis
end

-- A plain copy of the fields of a call; those of a metatable count.
local function copied(call)
  local copy, count = {}, 0
  for name, value in pairs(call) do
    count = count + 1
    if type(name) ~= "string" or count > max_cells then
      fault("call has %s (expected names of fields)",
        type(name) == "string" and "too many fields" or "a " .. type(name) .. " as a name")
    end
    copy[name] = value
  end
  return copy
end

-- What a sheet says of a value: a text of one line without control characters.
local function label(axis, index)
  local value, given = axis.values[index], axis.labels[index]
  local text
  if given then
    text = given
  elseif value == "" then
    text = "no " .. axis.name
  elseif type(value) == "string" then
    text = value
  elseif type(value) == "number" or type(value) == "boolean" then
    text = axis.name .. " " .. (math.type(value) == "float" and ("%.6g"):format(value)
      or tostring(value))
  else
    text = axis.name .. " " .. index
  end
  if not utf8.len(text) then text = tostring(index) end
  text = text:gsub("%c", " ")
  return utf8.len(text) <= 80 and text or text:sub(1, utf8.offset(text, 80) - 1) .. "…"
end

-- Whether a byte belongs to a word: letters beyond ASCII do.
local function is_inside(text, position)
  return text:find("^[%w_\x80-\xff]", position) ~= nil
end

-- Replaces whole words, all at once: a value is not searched for the word of another axis.
local function replaced(prompt, replacements)
  local counts, parts, position = {}, {}, 1
  while position <= #prompt do
    local best
    if position == 1 or not (is_inside(prompt, position - 1) and is_inside(prompt, position)) then
      for _, entry in ipairs(replacements) do
        local stop = position + #entry.word
        local is_whole = prompt:sub(position, stop - 1) == entry.word
          and (stop > #prompt or not (is_inside(prompt, stop - 1) and is_inside(prompt, stop)))
        if is_whole and (not best or #entry.word > #best.word) then best = entry end
      end
    end
    if best then
      counts[best.word] = true
      parts[#parts + 1] = best.value
      position = position + #best.word
    else
      parts[#parts + 1] = prompt:sub(position, position)
      position = position + 1
    end
  end
  for _, entry in ipairs(replacements) do
    if not counts[entry.word] then
      fault("axis %s: the word '%s' is not in the prompt '%s'", entry.axis, entry.word, prompt)
    end
  end
  return table.concat(parts)
end

-- The fields of one cell's call.
local function call_of(base, axes, indices)
  local call, replacements = copied(base), {}
  for _, name in ipairs(names) do
    local axis = axes[name]
    local value = axis and axis.values[indices[name]]
    if axis and axis.field then
      call[axis.field] = value
    elseif axis then
      replacements[#replacements + 1] = { word = axis.replace, value = value, axis = name }
    end
  end
  if #replacements > 0 then
    if type(call.prompt) ~= "string" then
      fault("call has no prompt (expected one with '%s')", replacements[1].word)
    end
    call.prompt = replaced(call.prompt, replacements)
  end
  return call
end

-- The title of the sheets of one value of z.
local function title_of(axes, z, options)
  local title = axes.x.name .. (axes.y and " × " .. axes.y.name or "")
  title = options.title or axes.z and label(axes.z, z) .. ": " .. title or title
  return (title:gsub("%c", " "))
end

-- The sheets of one value of z, in pages.
local function add_sheets(sheets, cells, axes, z, options)
  local imagine = require "imagine"
  local cell = options.cell or 320
  local fitting = math.max(1, math.floor(page_pixels / cell))
  local columns, rows = #axes.x.values, axes.y and #axes.y.values or 1
  local across, down = math.ceil(columns / fitting), math.ceil(rows / fitting)
  local title = title_of(axes, z, options)
  for page_row = 0, down - 1 do
    for page_column = 0, across - 1 do
      local images, labels = {}, {}
      local last = math.min(columns, (page_column + 1) * fitting)
      for y = page_row * fitting + 1, math.min(rows, (page_row + 1) * fitting) do
        for x = page_column * fitting + 1, last do
          images[#images + 1] = cells[((z - 1) * rows + y - 1) * columns + x].image
          labels[#labels + 1] = label(axes.x, x) .. (axes.y and "\n" .. label(axes.y, y) or "")
        end
      end
      local page = page_row * across + page_column + 1
      sheets[#sheets + 1] = imagine.sheet{
        images = images, labels = labels, columns = last - page_column * fitting, cell = cell,
        background = options.background,
        title = title
          .. (across * down > 1 and (", page %d of %d"):format(page, across * down) or ""),
      }
    end
  end
end

--- Makes the call of every cell, and a sheet of them for each value of `z`, with the values as
--- labels. A word that is not in the prompt is an error; words are whole ones.
---@param options sweep.options
---@return sweep.result
function sweep.run(options)
  local given = fields(options, "run", { "call", "x", "y", "z", "limit", "sheet" })
  local base = given.call
  if type(base) == "string" then base = { prompt = base } end
  if type(base) ~= "table" then
    fault("call is a %s (expected a table of fields, or a prompt)", type(base))
  end
  base = copied(base)
  local axes, count = {}, 1
  for _, name in ipairs(names) do
    if given[name] ~= nil or name == "x" then
      axes[name] = open_axis(given[name], name)
      count = count * #axes[name].values
    end
  end
  if count > max_cells then fault("there are %d cells (expected at most %d)", count, max_cells) end
  if type(given.sheet) ~= "table" and type(given.sheet) ~= "boolean" and given.sheet ~= nil then
    fault("sheet is a %s (expected true, false or a table)", type(given.sheet))
  end
  local sheet = type(given.sheet) == "table"
    and fields(given.sheet, "sheet", { "cell", "background", "title" }) or {}
  if sheet.title ~= nil and type(sheet.title) ~= "string" then
    fault("sheet: title is a %s (expected a text)", type(sheet.title))
  end
  local limit = given.limit
  if limit ~= nil and (math.type(limit) ~= "integer" or limit < 1) then
    fault("limit is not a positive integer")
  end

  local imagine = require "imagine"
  local cells = {}
  for z = 1, axes.z and #axes.z.values or 1 do
    for y = 1, axes.y and #axes.y.values or 1 do
      for x = 1, #axes.x.values do
        local call = call_of(base, axes, { x = x, y = y, z = z })
        if call.n ~= nil then fault("field 'n': a cell has one image") end
        -- A wrong value of the last cell is an error before the first is paid for.
        imagine.estimate(call)
        local operation = call.operation or "generate"
        if operation == "video" or operation == "animate" then
          fault("field 'operation': %s makes a video (expected one that makes an image)", operation)
        end
        cells[#cells + 1] = {
          x = axes.x.values[x], y = axes.y and axes.y.values[y], z = axes.z and axes.z.values[z],
          call = call,
        }
      end
    end
  end
  if given.sheet ~= false then
    -- A wrong option of the sheets is an error before a cell is paid for.
    imagine.sheet{
      images = { imagine.canvas{ width = 16, height = 16 } }, columns = 1, cell = sheet.cell,
      background = sheet.background, title = title_of(axes, 1, sheet),
    }
  end
  local images = task.map(cells, function(cell)
    local call = copied(cell.call)
    local operation = call.operation or "generate"
    call.operation = nil
    return imagine[operation](call)
  end, { limit = limit })
  for index, cell in ipairs(cells) do cell.image = images[index] end

  local result = { cells = cells, sheets = {}, axes = {} }
  for name, axis in pairs(axes) do result.axes[name] = axis.name end
  if given.sheet ~= false then
    for z = 1, axes.z and #axes.z.values or 1 do add_sheets(result.sheets, cells, axes, z, sheet) end
  end
  return result
end

--- Writes a row for each cell and returns the path: `x`, `y` and `z`, and what the image is.
---@param result sweep.result
---@param path string of a CSV, TSV or JSON Lines file
---@return string path
function sweep.csv(result, path)
  local cells = type(result) == "table" and result.cells
  if type(cells) ~= "table" then fault("the first argument of csv is not the result of run") end
  local rows = {}
  for index = 1, #cells do
    local cell = cells[index]
    local image = type(cell) == "table" and cell.image
    if type(image) ~= "userdata" then fault("cell %d has no image", index) end
    local row = { prompt = image.prompt, style = image.style, seed = image.seed }
    for _, name in ipairs(names) do
      local kind = type(cell[name])
      if kind == "string" or kind == "number" or kind == "boolean" then row[name] = cell[name] end
    end
    for _, name in ipairs{ "provider", "cost", "cost_unit", "width", "height", "sha256" } do
      row[name] = image[name]
    end
    rows[index] = row
  end
  return require "imagine.csv".write(path, rows, { columns = {
    "x", "y", "z", "prompt", "style", "seed", "provider", "cost", "cost_unit", "width", "height",
    "sha256",
  } })
end

return sweep
