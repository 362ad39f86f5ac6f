--- The wildcards of `prompts`: values under names, from a folder or a table.

local parse = require "imagine.prompts.parser"

local native = select(2, ...)

local function fault(message, ...)
  native.fault("prompts: " .. message:format(...))
end

local function lines(text)
  local found = {}
  for line in text:gsub("^\u{FEFF}", ""):gmatch("[^\r\n]+") do
    line = line:match("^%s*(.-)%s*$")
    if line ~= "" and line:sub(1, 1) ~= "#" then found[#found + 1] = line end
  end
  return found
end

local function sorted_once(list)
  local seen, result = {}, {}
  for _, value in ipairs(list) do
    if not seen[value] then result[#result + 1] = value end
    seen[value] = true
  end
  table.sort(result)
  return result
end

-- A plain copy of a list of strings.
local function texts(list, origin)
  if type(list) ~= "table" then
    fault("%s is a %s (expected a list of strings)", origin, type(list))
  end
  local copy = {}
  for index = 1, rawlen(list) do
    local value = rawget(list, index)
    if type(value) ~= "string" then
      fault("item %d of %s is a %s (expected a string)", index, origin, type(value))
    end
    copy[index] = value
  end
  return copy
end

-- The values under each name, or functions that read them.
local function read_folder(folder)
  local fs, json = require "imagine.fs", require "imagine.json"
  local named = {}
  local function add(name, value, origin)
    if type(value) == "table" and (#value > 0 or next(value) == nil) then
      named[name] = sorted_once(texts(value, origin))
    elseif type(value) == "table" then
      for key, inner in next, value do
        add(name == "" and tostring(key) or name .. "/" .. tostring(key), inner, origin)
      end
    else
      fault("'%s' in %s is a %s (expected a list of strings)", name, origin, type(value))
    end
  end
  if not fs.exists(folder) then return named end
  for _, path in ipairs(fs.list(folder, { recursive = true })) do
    local full, name = fs.join(folder, path), path:match("^(.+)%.[^./]+$")
    local extension = fs.extension(path)
    if extension == "txt" then
      named[name] = function() return sorted_once(lines(fs.read(full))) end
    elseif extension == "json" then
      local value = json.decode(fs.read(full))
      local is_list = type(value) == "table" and #value > 0
      add(is_list and name or "", value, full)
    end
  end
  return named
end

-- Wildcards with their parsed values.
local Book = {}
Book.__index = Book

--- Opens a folder, or a table of lists. Nothing is read before it is needed.
local function open(wildcards)
  local book = setmetatable({ parsed = {} }, Book)
  if type(wildcards) == "table" then
    book.named = {}
    for name, list in next, wildcards do
      if type(name) ~= "string" then
        fault("the name of a wildcard is %s (expected a string)", tostring(name))
      end
      book.named[name] = texts(list, ("wildcard '%s'"):format(name))
    end
  else
    book.folder = wildcards or "wildcards"
  end
  return book
end

function Book:values(name)
  local value = self.named[name]
  if type(value) == "function" then
    value = value()
    self.named[name] = value
  end
  return value
end

function Book:missing(name)
  local names = {}
  for known in next, self.named do names[#names + 1] = known end
  table.sort(names)
  local known = #names == 0 and "there are none" or "there are " .. table.concat(names, ", ", 1,
    math.min(#names, 12)) .. (#names > 12 and ", …" or "")
  fault("there is no wildcard '%s' (in %s %s)", name,
    self.folder and "the folder '" .. self.folder .. "'" or "the table", known)
end

-- The parsed values of a wildcard.
function Book:nodes(name)
  if self.parsed[name] then return self.parsed[name] end
  self.named = self.named or read_folder(self.folder)
  local values = self:values(name)
  if not values and name:find("*", 1, true) then
    local pattern = "^" .. name:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*+", ".*") .. "$"
    local all = {}
    for known in next, self.named do
      local found = known:find(pattern) and self:values(known) or {}
      table.move(found, 1, #found, #all + 1, all)
    end
    values = sorted_once(all)
  end
  if not values or #values == 0 then self:missing(name) end
  local nodes = {}
  for index, value in ipairs(values) do
    nodes[index] = parse(value, ("value '%s' of wildcard '%s'"):format(value, name))
  end
  self.parsed[name] = nodes
  return nodes
end

return { open = open, lines = lines, texts = texts }
