--- The paths that match a pattern, for `fs.glob` and `fs.watch`.

local native = select(2, ...)

local max_paths, max_parts = 1000000, 64

local function fault(message, ...)
  native.fault("fs.glob: " .. message:format(...), "pattern")
end

-- The end of the character at `position`.
local function character_end(text, position)
  local _, last = text:find("^[\xC2-\xF4][\x80-\xBF]+", position)
  return last or position
end

-- The position behind a set such as `[a-z]` or `[!0-9]`, and whether a byte is in it; nil for none.
local function match_set(pattern, position, byte)
  local index = position + 1
  local is_negated = pattern:find("^[!^]", index) ~= nil
  if is_negated then index = index + 1 end
  local first, is_in = index, false
  while index <= #pattern do
    local low = pattern:byte(index)
    if low == 0x5D and index > first then return index + 1, is_in ~= is_negated end
    local high = low
    if pattern:find("^%-[^%]]", index + 1) then
      high = pattern:byte(index + 2)
      index = index + 2
    end
    if byte and byte >= low and byte <= high then is_in = true end
    index = index + 1
  end
end

-- Whether a name matches: `*` any characters, `?` one, `[…]` one of a set. In linear time for each
-- `*`, whatever the pattern.
local function matches(name, pattern)
  local at, mark, star, kept = 1, 1, nil, nil
  while at <= #name do
    local sign = pattern:sub(mark, mark)
    local behind, is_in
    if sign == "[" then behind, is_in = match_set(pattern, mark, name:byte(at)) end
    if sign == "*" then
      star, kept, mark = mark, at, mark + 1
    elseif sign == "?" then
      at, mark = character_end(name, at) + 1, mark + 1
    elseif behind and is_in then
      at, mark = at + 1, behind
    elseif not behind and sign ~= "" and sign == name:sub(at, at) then
      at, mark = at + 1, mark + 1
    elseif star then
      kept = kept + 1
      at, mark = kept, star + 1
    else
      return false
    end
  end
  return pattern:find("^%**$", mark) ~= nil
end

--- The sorted paths that match a pattern below a folder; "" is the working directory, "/" the root.
---
--- `list` and `info` are those of `fs`.
return function(list, info, folder, pattern)
  local parts = {}
  for part in pattern:gmatch("[^/]+") do
    -- `**` twice has no other meaning.
    if part ~= "**" or parts[#parts] ~= "**" then parts[#parts + 1] = part end
  end
  if #parts > max_parts then fault("a pattern has at most %d parts", max_parts) end

  local found, seen = {}, {}
  local function join(parent, name)
    return (parent == "" or parent:sub(-1) == "/") and parent .. name or parent .. "/" .. name
  end
  local function is_folder(path)
    local status = info(path)
    return status and status.kind == "folder"
  end
  -- What is in a folder; nothing if it cannot be read.
  local function names(parent, recursive)
    parent = parent == "" and "." or parent
    if not is_folder(parent) then return {} end
    local ok, all = pcall(list, parent, { recursive = recursive })
    return ok and all or {}
  end
  local function walk(parent, index)
    local place = index .. "/" .. parent
    if seen[place] then return end
    seen[place] = true
    local part = parts[index]
    if part == nil then
      found[#found + 1] = parent
      if #found > max_paths then fault("more than %d paths match", max_paths) end
    elseif part == "**" then
      if index < #parts then walk(parent, index + 1) end
      local below = names(parent, true)
      if index < #parts then
        -- Only folders that have something, and not the links to folders.
        local folders = {}
        for _, name in ipairs(below) do
          local folder = name:match("^(.*)/")
          if folder and not folders[folder] then
            folders[folder] = true
            folders[#folders + 1] = folder
          end
        end
        below = folders
      end
      for _, name in ipairs(below) do
        if not ("/" .. name):find("/.", 1, true) then walk(join(parent, name), index + 1) end
      end
    elseif not part:find("[%*%?%[]") then
      local path = join(parent, part)
      if info(path) then walk(path, index + 1) end
    else
      for _, name in ipairs(names(parent, false)) do
        local is_hidden = name:sub(1, 1) == "." and part:sub(1, 1) ~= "."
        if not is_hidden and matches(name, part) then
          local path = join(parent, name)
          if index == #parts or is_folder(path) then walk(path, index + 1) end
        end
      end
    end
  end
  if #parts > 0 then walk(folder, 1) end
  table.sort(found)
  return found
end
