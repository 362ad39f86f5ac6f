--- Parses the arguments of a script: options, flags, checks and the help text.
---
--- ```lua
--- local args = require "args"
--- local options = args.parse{
---   summary = "Generates an image for each row of a table.",
---   { "table", help = "a CSV file with a column 'prompt'" },
---   { "--out", "-o", value = "FOLDER", default = "out", help = "the output folder" },
---   { "--limit", type = "integer", min = 1, default = 8, help = "images at a time" },
---   { "--dry-run", help = "generate nothing" },
--- }
--- print(options.table, options.out, options.limit, options.dry_run)
--- ```
---
--- `imagine table.lua prompts.csv -o images --limit=4` then prints `prompts.csv`, `images`, `4` and
--- `false`. `--help` and `-h` print the help and exit. A wrong argument prints an error and the usage
--- and exits with code 64. Without a `type`, an option is a string if it has a `default`, `value`,
--- `choices`, `required` or `many`, else a flag.
---
--- The syntax is `--name value`, `--name=value`, `-n value`, `-nvalue`, and flags alone or combined
--- (`-vq`). After `--` everything is an operand.
---
---@class args
local args = {}

local native = select(2, ...)

---@class args.parameter
---@field [1] string `--name`, or `name` for an operand
---@field [2]? string `-n`
---@field help? string a one-line description
---@field type? "string"|"integer"|"number"|"flag"
---@field value? string the placeholder of the value in the help
---@field default? any the value of a missing option or operand
---@field choices? string[] the allowed values
---@field min? number the smallest allowed number
---@field max? number the largest allowed number
---@field required? boolean must be given; the default is true for an operand without `default`
---@field many? boolean may be repeated, and is a list; only for options and the last operand

---@class args.specification
---@field summary? string what the script does, one line or more
---@field name? string the script's name; the default is that of `arg[0]`
---@field [integer] args.parameter

local parameter_fields = {
  "help", "type", "value", "default", "choices", "min", "max", "required", "many",
}
local types = { string = true, integer = true, number = true, flag = true }
local field_types = {
  help = "string", type = "string", value = "string", choices = "table", min = "number",
  max = "number", required = "boolean", many = "boolean",
}

-- Checks a specification and fills in the defaults of its parameters.
local function complete(specification)
  if type(specification) ~= "table" then
    native.fault(("args: the specification is a %s (expected a table)"):format(
      type(specification)))
  end
  local known = {}
  for _, name in ipairs(parameter_fields) do known[name] = true end
  local spec = { options = {}, operands = {}, by_name = {}, names = {}, all = {} }
  local function add_name(name, parameter)
    if spec.by_name[name] then native.fault(("args: '%s' is declared twice"):format(name)) end
    spec.by_name[name] = parameter
    spec.names[#spec.names + 1] = name
  end
  for index, given in ipairs(specification) do
    local name = type(given) == "table" and given[1]
    if type(name) ~= "string" then
      native.fault(("args: parameter %d has no name"):format(index))
    end
    local parameter = { long = name, short = given[2] }
    for field, value in next, given do
      if type(field) == "string" then
        if not known[field] then
          local near = native.nearest(field, parameter_fields)
          native.fault(("args: parameter '%s' has an unknown field '%s'%s"):format(
            name, field, near and (", did you mean '%s'?"):format(near) or ""), field)
        elseif field_types[field] and type(value) ~= field_types[field] then
          native.fault(("args: parameter '%s': '%s' is a %s (expected a %s)"):format(
            name, field, type(value), field_types[field]), field)
        end
        parameter[field] = value
      end
    end
    parameter.is_option = name:sub(1, 1) == "-"
    parameter.key = name:gsub("^%-+", ""):gsub("%-", "_")
    if not parameter.type then
      local has_value = not parameter.is_option or parameter.default ~= nil or parameter.value
        or parameter.choices or parameter.required or parameter.many
      parameter.type = has_value and "string" or "flag"
    end
    if not types[parameter.type] then
      native.fault(("args: parameter '%s' has the type '%s' (expected string, integer, number or"
        .. " flag)"):format(name, tostring(parameter.type)), "type")
    end
    parameter.value = parameter.value
      or (parameter.is_option and parameter.key:upper() or name:upper())
    if parameter.is_option then
      add_name(name, parameter)
      if parameter.short then add_name(parameter.short, parameter) end
      spec.options[#spec.options + 1] = parameter
    else
      local last = spec.operands[#spec.operands]
      if last and last.many then
        native.fault(("args: no operand can follow '%s', which takes all the rest"):format(last.long))
      end
      spec.operands[#spec.operands + 1] = parameter
    end
    spec.all[#spec.all + 1] = parameter
  end
  for _, name in ipairs{ "--help", "-h" } do
    if not spec.by_name[name] then add_name(name, "help") end
  end
  return spec
end

local function script_name(specification)
  local path = specification.name or (type(arg) == "table" and arg[0]) or "script"
  return path:match("[^/]+$") or path
end

local function is_required(parameter)
  if parameter.required ~= nil then return parameter.required end
  return not parameter.is_option and parameter.default == nil
end

local function usage(specification, spec)
  local parts = { "usage:", script_name(specification) }
  if #spec.options > 0 then
    local required = {}
    for _, option in ipairs(spec.options) do
      if option.required then
        required[#required + 1] = ("%s %s"):format(option.long, option.value)
      end
    end
    parts[#parts + 1] = "[options]"
    if #required > 0 then parts[#parts + 1] = table.concat(required, " ") end
  end
  for _, operand in ipairs(spec.operands) do
    local text = operand.value .. (operand.many and " ..." or "")
    parts[#parts + 1] = is_required(operand) and text or "[" .. text .. "]"
  end
  return table.concat(parts, " ")
end

-- The two columns of a parameter in the help: its names and its description.
local function described(parameter)
  local names = parameter.value
  if parameter.is_option then
    names = parameter.short and parameter.short .. ", " .. parameter.long
      or "    " .. parameter.long
    if parameter.type ~= "flag" then names = names .. " " .. parameter.value end
  end
  local facts = {}
  if parameter.choices then facts[#facts + 1] = table.concat(parameter.choices, ", ") end
  if parameter.default ~= nil then
    facts[#facts + 1] = "default: " .. tostring(parameter.default)
  end
  if parameter.is_option and parameter.required then facts[#facts + 1] = "required" end
  if parameter.is_option and parameter.many then facts[#facts + 1] = "may be repeated" end
  local text = parameter.help or ""
  if #facts > 0 then
    text = ("%s (%s)"):format(text, table.concat(facts, "; ")):match("^%s*(.*)$")
  end
  return names, text
end

--- The help text of a specification.
---@param specification args.specification
---@return string
function args.help(specification)
  local spec = complete(specification)
  local lines = { usage(specification, spec) }
  if specification.summary then
    lines[#lines + 1] = ""
    lines[#lines + 1] = specification.summary
  end
  local function section(title, parameters, closing)
    if #parameters == 0 and not closing then return end
    lines[#lines + 1] = ""
    lines[#lines + 1] = title
    local rows, width = {}, 0
    for index, parameter in ipairs(parameters) do
      rows[index] = { described(parameter) }
    end
    rows[#rows + 1] = closing
    for _, row in ipairs(rows) do width = math.max(width, #row[1]) end
    for _, row in ipairs(rows) do
      local line = ("  %s%s  %s"):format(row[1], (" "):rep(width - #row[1]), row[2])
      lines[#lines + 1] = line:match("^(.-)%s*$")
    end
  end
  section("operands:", spec.operands)
  local help = spec.by_name["--help"] == "help"
    and { (spec.by_name["-h"] == "help" and "-h, " or "    ") .. "--help", "show this help" }
  section("options:", spec.options, help or nil)
  return table.concat(lines, "\n") .. "\n"
end

-- The name of a parameter in messages.
local function title(parameter, written)
  return parameter.is_option and written or parameter.value
end

-- Converts and checks a value; returns nil and a message if it is invalid.
local function checked(parameter, text, written)
  local value = text
  if parameter.type == "integer" then
    value = math.tointeger(tonumber(text))
    if not value then
      return nil, ("%s: '%s' is not an integer"):format(title(parameter, written), text)
    end
  elseif parameter.type == "number" then
    value = tonumber(text)
    if not value or value - value ~= 0 then
      return nil, ("%s: '%s' is not a number"):format(title(parameter, written), text)
    end
  end
  if parameter.min and type(value) == "number" and value < parameter.min then
    return nil, ("%s: %s is less than %s"):format(title(parameter, written), text, parameter.min)
  elseif parameter.max and type(value) == "number" and value > parameter.max then
    return nil, ("%s: %s is more than %s"):format(title(parameter, written), text, parameter.max)
  end
  if parameter.choices then
    for _, choice in ipairs(parameter.choices) do
      if tostring(choice) == text then return choice end
    end
    local near = native.nearest(text, parameter.choices)
    return nil, ("%s: '%s' is not allowed%s (expected one of: %s)"):format(
      title(parameter, written), text, near and (", did you mean '%s'?"):format(near) or "",
      table.concat(parameter.choices, ", "))
  end
  return value
end

-- Splits a word into an option's name and its attached value: `--name=value`, `-nvalue`.
local function split(spec, word)
  if word:sub(1, 2) == "--" then
    local name, value = word:match("^(%-%-[^=]+)=(.*)$")
    return name or word, value
  end
  local name = word:sub(1, 2)
  local rest = word:sub(3)
  if rest == "" or spec.by_name[word] then return word end
  return name, rest
end

-- Parses words into the values of options and operands.
local function read(spec, words)
  local values, operands, place, only_operands = {}, {}, 1, false
  local function put(parameter, text, written)
    local value, message = checked(parameter, text, written)
    if message then return message end
    if parameter.many then
      values[parameter.key] = values[parameter.key] or {}
      table.insert(values[parameter.key], value)
    else
      values[parameter.key] = value
    end
  end

  local function option(word)
    local name, value = split(spec, word)
    local parameter = spec.by_name[name]
    if not parameter then
      local near = native.nearest(name, spec.names)
      return ("unknown option '%s'%s"):format(
        name, near and (", did you mean '%s'?"):format(near) or "")
    elseif parameter == "help" then
      return "help"
    elseif parameter.type ~= "flag" then
      if not value then
        value, place = words[place], place + 1
        if not value then return ("%s: a value is missing"):format(name) end
      end
      return put(parameter, value, name)
    end
    values[parameter.key] = true
    if not value then return nil end
    if name:sub(1, 2) == "--" then return ("%s takes no value"):format(name) end
    -- Combined flags: the rest of the word is the next flag.
    return option("-" .. value)
  end

  while place <= #words do
    local word = words[place]
    place = place + 1
    local message
    if only_operands or word == "-" or word:sub(1, 1) ~= "-" or tonumber(word) then
      operands[#operands + 1] = word
    elseif word == "--" then
      only_operands = true
    else
      message = option(word)
    end
    if message then return nil, message end
  end
  for index, word in ipairs(operands) do
    local parameter = spec.operands[index] or spec.operands[#spec.operands]
    if not parameter or index > #spec.operands and not parameter.many then
      return nil, ("unexpected argument '%s'"):format(word)
    end
    local message = put(parameter, word)
    if message then return nil, message end
  end
  for _, parameter in ipairs(spec.all) do
    local key = parameter.key
    if values[key] == nil then
      if is_required(parameter) then
        return nil, ("%s is missing"):format(title(parameter, parameter.long))
      end
      values[key] = parameter.default
      if values[key] == nil and parameter.type == "flag" then values[key] = false end
      if values[key] == nil and parameter.many then values[key] = {} end
    end
  end
  return values
end

--- Parses arguments and returns their values by name, with `_` for `-`. Never exits: after an error
--- it returns nil and a message, and after `--help` nil and the message `help`.
---@param specification args.specification
---@param words? string[] the default is the script's own arguments
---@return table<string, any>? values
---@return string? message
function args.read(specification, words)
  local spec = complete(specification)
  if words == nil then words = type(arg) == "table" and arg or {} end
  return read(spec, words)
end

--- Parses the script's arguments and returns their values by name, with `_` for `-`. Exits after a
--- wrong argument and after `--help`.
---@param specification args.specification
---@return table<string, any> values
function args.parse(specification)
  local values, message = args.read(specification)
  if values then return values end
  if message == "help" then
    io.stdout:write(args.help(specification))
    os.exit(0, true)
  end
  local name = script_name(specification)
  io.stderr:write(("%s: %s\n%s\ntry %s --help\n"):format(
    name, message, usage(specification, complete(specification)), name))
  os.exit(64, true)
end

return args
