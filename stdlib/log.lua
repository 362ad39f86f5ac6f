--- Writes log lines to stderr, as text or JSON. Standard output is for the script's results.
---
--- ```lua
--- local log = require "log"
--- log.info("drawn", { path = "out/cat.png", seed = 7 })
--- --> 12:30:05 info  drawn path=out/cat.png seed=7
--- log.configure{ level = "debug", format = "json" }
--- log.error("refused", { error = fault })
--- --> {"error":"…","level":"error","message":"refused","time":"2025-03-01T12:30:06Z"}
--- ```
---
--- Unless the script sets them, the level and the format come from the environment variables
--- `IMAGINE_LOG_LEVEL` (`debug`, `info`, `warn`, `error` or `off`; the default is `info`) and
--- `IMAGINE_LOG_FORMAT` (`text` or `json`).
---
---@class log
local log = {}

local native = select(2, ...)

---@alias log.level "debug"|"info"|"warn"|"error"|"off"

---@class log.options
---@field level? log.level the lowest level that is written
---@field format? "text"|"json"
---@field write? fun(line: string) writes a line with its newline; the default is stderr

local ranks = { debug = 1, info = 2, warn = 3, error = 4, off = 5 }
local formats = { text = true, json = true }
local expected = {
  level = "debug, info, warn, error or off", format = "text or json", write = "a function",
}

local function write_stderr(line) io.stderr:write(line) end

local function check(name, value, source)
  local fits
  if name == "level" then
    fits = ranks[value]
  elseif name == "format" then
    fits = formats[value]
  else
    fits = type(value) == "function"
  end
  if not fits then
    native.fault(("%s: '%s' is not allowed (expected %s)"):format(
      source, tostring(value), expected[name]), name)
  end
  return value
end

local function from_environment(name, variable, standard)
  local value = os.getenv(variable)
  if not value or value == "" then return standard end
  return check(name, value:lower(), variable)
end

local settings = {
  level = from_environment("level", "IMAGINE_LOG_LEVEL", "info"),
  format = from_environment("format", "IMAGINE_LOG_FORMAT", "text"),
  write = write_stderr,
}

-- Escapes control characters: messages may contain text of services and file names. U+0080 … U+009F
-- are two bytes in UTF-8.
local function printable(text)
  return (text:gsub("[\0-\8\11-\31\127]", function(character)
    return ("\\x%02X"):format(character:byte())
  end):gsub("\194[\128-\159]", function(character)
    return ("\\u{%X}"):format(utf8.codepoint(character))
  end))
end

-- The text of a field's value, quoted if it is ambiguous.
local function text_of(value)
  local text = tostring(value)
  if text == "" or text:find('[%s"=%c]') then
    return '"' .. printable(text:gsub('["\\\n\r\t]', {
      ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
    })) .. '"'
  end
  return printable(text)
end

local function text_line(level, message, fields)
  local names = {}
  for name in next, fields or {} do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  -- Always one line.
  local line = printable((message:gsub("%s*[\r\n]+%s*", " ")))
  local parts = { ("%s %-5s %s"):format(os.date("%H:%M:%S"), level, line) }
  for _, name in ipairs(names) do
    parts[#parts + 1] = printable(tostring(name)) .. "=" .. text_of(fields[name])
  end
  return table.concat(parts, " ")
end

-- Values that JSON cannot represent are written as text.
local function json_line(level, message, fields)
  local json = require "imagine.json"
  local entry = {}
  for name, value in next, fields or {} do
    local ok = pcall(json.encode, value)
    if type(name) == "string" and not utf8.len(name) then name = "?" end
    entry[tostring(name)] = ok and value or tostring(value):gsub("[\128-\255]", "?")
  end
  entry.time, entry.level = os.date("!%Y-%m-%dT%H:%M:%SZ"), level
  entry.message = utf8.len(message) and message or message:gsub("[\128-\255]", "?")
  return json.encode(entry)
end

local function write(level, message, fields)
  if fields ~= nil and type(fields) ~= "table" then
    native.fault(("log.%s: fields are a %s (expected a table)"):format(level, type(fields)))
  end
  if ranks[level] < ranks[settings.level] then return end
  local line = settings.format == "json" and json_line or text_line
  settings.write(line(level, tostring(message), fields) .. "\n")
end

--- Sets the level, the format or the function that writes lines.
---@param options log.options
function log.configure(options)
  if type(options) ~= "table" then
    native.fault(("log.configure: options are a %s (expected a table)"):format(type(options)))
  end
  options = native.fields(options, "log.configure", { "level", "format", "write" })
  for name, value in next, options do check(name, value, "log.configure") end
  for name, value in next, options do settings[name] = value end
end

--- Whether lines of a level are written. Check it before computing an expensive message.
---@param level log.level
---@return boolean
function log.enabled(level)
  return ranks[check("level", level, "log.enabled")] >= ranks[settings.level]
end

--- Logs details for the author of the script.
---@param message any
---@param fields? table<string, any>
function log.debug(message, fields) write("debug", message, fields) end

--- Logs what the script did.
---@param message any
---@param fields? table<string, any>
function log.info(message, fields) write("info", message, fields) end

--- Logs a possible problem.
---@param message any
---@param fields? table<string, any>
function log.warn(message, fields) write("warn", message, fields) end

--- Logs a failure.
---@param message any
---@param fields? table<string, any>
function log.error(message, fields) write("error", message, fields) end

return log
