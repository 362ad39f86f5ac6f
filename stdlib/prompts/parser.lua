--- Parses a template of `prompts`.
--
-- A node is a text, or a table with a kind: sequence (parts, assignments), choice (options, weights,
-- min, max, separator), wildcard (name), variable (name, default).

local native = select(2, ...)

local max_depth = 100

-- What is refused, by name.
local refusals = {
  { "^{%s*[~!@]", "samplers (~, !, @) are not supported; write a backslash before the character" },
  { "^__[~!@]", "samplers (~, !, @) are not supported in a wildcard" },
  { "^%%{", "%{…} is not supported; write \\%{ for the characters" },
  { "^__[^%s(){}$#|,]*%([^)\n]*%)__", "a wildcard takes no variables" },
  { "^__[^%s(){}$#|,_]*%$?{[^{}\n]*}__", "the name of a wildcard cannot contain { or $" },
}

--- Parses a template; `origin` says in errors where it is from.
local function parse(source, origin)
  local at, depth = 1, 0
  local sequence

  local function fail(position, message)
    local characters = utf8.len(source, 1, position - 1) or position - 1
    native.fault(("prompts: %s, at character %d of %s"):format(message, characters + 1, origin))
  end

  -- Moves behind a pattern that matches here, and returns its captures.
  local function take(pattern)
    local first, last, one, two = source:find("^" .. pattern, at)
    if first then
      at = last + 1
      return one or source:sub(first, last), two
    end
  end

  -- The counts of a choice; `min` is nil without them.
  local function counts()
    local min, max = take("(%d+)%-(%d+)%$%$")
    if not min then max = take("%-(%d+)%$%$"); min = max and "1" end
    if not min then min = take("(%d+)%-%$%$"); max = min and "" end
    if not min then min = take("(%d+)%$%$"); max = min end
    if not min then return end
    local low, high = tonumber(min) or math.huge, tonumber(max) or math.huge
    return math.min(low, high), math.max(low, high), take("([^${}]*)%$%$") or ","
  end

  local function choice(start)
    local node = { kind = "choice", options = {}, weights = {}, separator = "," }
    take("%s*")
    node.min, node.max, node.separator = counts()
    repeat
      take("%s*")
      local weight = take("(%d+%.?%d*)::") or take("(%.%d+)::")
      node.weights[#node.weights + 1] = weight and tonumber(weight) or 1
      node.options[#node.options + 1] = sequence("option")
    until not take("|")
    if not take("}") then fail(start, "a { has no }") end
    return node
  end

  local function variable(start, context)
    local name = take("%s*([%a_-][%w_-]*)%s*")
    if not name then fail(start, "${ needs the name of a variable") end
    local keep, immediate = take("(%??)=(!?)")
    local node = { kind = keep and "assignment" or "variable", name = name }
    if keep then
      if context ~= "template" then fail(start, "a variable cannot be set inside of { }") end
      node.keep, node.immediate = keep ~= "", immediate ~= ""
      take("%s*")
      node.value = sequence("value")
    elseif take(":%s*") then
      node.default = sequence("value")
    end
    if not take("}") then
      fail(start, source:sub(at, at) == "|" and "a value with | needs { } around it"
        or "a ${ has no }")
    end
    return node
  end

  -- Reads up to the end, or in an option to `|` or `}`, in a value to those as well.
  function sequence(context)
    local node, texts = { kind = "sequence", assignments = {} }, {}
    local function flush()
      if #texts > 0 then node[#node + 1] = table.concat(texts) end
      texts = {}
    end
    local function add(part)
      flush()
      local list = part.kind == "assignment" and node.assignments or node
      list[#list + 1] = part
    end
    depth = depth + 1
    if depth > max_depth then fail(at, ("more than %d levels of { }"):format(max_depth)) end
    while at <= #source do
      local plain = take("[^\\#{}|$%%_]+")
      local start, char = at, source:sub(at, at)
      for _, refusal in ipairs(refusals) do
        if not plain and source:find(refusal[1], at) then fail(at, refusal[2]) end
      end
      if plain then
        texts[#texts + 1] = plain
      elseif char == "#"
        and (at == 1 or source:find("^\n", at - 1) or source:find("^#%s", at)) then
        take("[^\n]*")
      elseif context ~= "template" and (char == "|" or char == "}") then
        break
      elseif context == "option" and take("%$%$") then
        fail(start, "$$ needs a count before it, as in {2$$a|b}; write \\$$ for the characters")
      elseif take("%${") then
        add(variable(start, context))
      elseif take("{") then
        add(choice(start))
      elseif source:find("^__[^%s(){}$#|,_]", at)
        and source:find("^__[^(){}$#|,\n]-[^%s]__", at) then
        add{ kind = "wildcard", name = take("__([^(){}$#|,\n]-[^%s])__") }
      else
        texts[#texts + 1] = take("\\([{}|$#%%_:~!@\\])") or take(".")
      end
    end
    depth = depth - 1
    flush()
    return node
  end

  return sequence("template")
end

return parse
