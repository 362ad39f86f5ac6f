--- The paths that match a pattern, for `fs.glob` and `fs.watch`.

local native = select(2, ...)

local max_paths, max_parts = 1000000, 64

local function fault(message, ...)
  native.fault("fs.glob: " .. message:format(...), "pattern")
end

-- The code of the character at `position`, and the position behind it. A byte that is not of UTF-8
-- counts as a character of its own.
local function character(text, position)
  if utf8.len(text, position, position) then
    local code = utf8.codepoint(text, position)
    return code, position + #utf8.char(code)
  end
  return 0x110000 + text:byte(position), position + 1
end

-- The position behind a set such as `[a-z]` or `[!0-9]`, and whether a character is in it; nil for
-- none.
local function match_set(pattern, position, code)
  local index = position + 1
  local is_negated = pattern:find("^[!^]", index) ~= nil
  if is_negated then index = index + 1 end
  local first, is_in = index, false
  while index <= #pattern do
    local low, behind = character(pattern, index)
    if low == 0x5D and index > first then return behind, is_in ~= is_negated end
    local high = low
    if pattern:find("^%-[^%]]", behind) then high, behind = character(pattern, behind + 1) end
    if code >= low and code <= high then is_in = true end
    index = behind
  end
end

-- Whether a name matches: `*` any characters, `?` one, `[…]` one of a set. In linear time for each
-- `*`, whatever the pattern.
local function matches(name, pattern)
  local at, mark, star, kept, _ = 1, 1, nil, nil, nil
  while at <= #name do
    local sign = pattern:sub(mark, mark)
    local code, next_at = character(name, at)
    local behind, is_in
    if sign == "[" then behind, is_in = match_set(pattern, mark, code) end
    if sign == "*" then
      star, kept, mark = mark, at, mark + 1
    elseif sign == "?" then
      at, mark = next_at, mark + 1
    elseif behind and is_in then
      at, mark = next_at, behind
    elseif not behind and sign ~= "" and sign == name:sub(at, at) then
      at, mark = at + 1, mark + 1
    elseif star then
      _, kept = character(name, kept)
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

  local found, seen, wants_folders = {}, {}, pattern:sub(-1) == "/"
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
      if wants_folders and not is_folder(parent) then return end
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
  if #parts > 0 or wants_folders then walk(folder, 1) end
  table.sort(found)
  return found
end
