--- Expands, counts and picks the texts of a parsed template of `prompts`.
--
-- A scope has the variables (a text, or a node that is expanded at each use), the names that are
-- being expanded, the book of wildcards, and for `pick` what draws.

local native = select(2, ...)

-- Results of one choice that are counted, and equal ones that are dropped.
local max_choice = 100000

local function fault(message, ...)
  native.fault("prompts: " .. message:format(...))
end

local function with(scope, name, value)
  return {
    variables = setmetatable({ [name] = value }, { __index = scope.variables }),
    inside = scope.inside, book = scope.book, draw = scope.draw,
  }
end

-- The scope of what `name` stands for.
local function entering(name, scope)
  if scope.inside[name] then fault("%s contains itself", name) end
  return {
    variables = scope.variables, book = scope.book, draw = scope.draw,
    inside = setmetatable({ [name] = true }, { __index = scope.inside }),
  }
end

-- The nodes that a wildcard or a variable stands for, and their scope.
local function meanings(node, scope)
  if node.kind == "wildcard" then
    return scope.book:nodes(node.name), entering(("wildcard '%s'"):format(node.name), scope)
  end
  local value = scope.variables[node.name] or node.default
  if not value then fault("variable '%s' is not set and has no default", node.name) end
  return { value }, entering(("variable '%s'"):format(node.name), scope)
end

-- The options of a choice with their weights and scope: those of a lone wildcard are its values.
local function options(node, scope)
  local only = #node.options == 1 and #node.options[1] == 1 and node.options[1][1]
  if only and only.kind == "wildcard" and #node.options[1].assignments == 0 then
    local nodes, inner = meanings(only, scope)
    return nodes, {}, inner
  end
  return node.options, node.weights, scope
end

local function join(texts, separator)
  local filled = {}
  for _, text in ipairs(texts) do
    if text ~= "" then filled[#filled + 1] = text end
  end
  return table.concat(filled, separator)
end

-- The options if they are different plain texts, which need no comparison of results.
local function plain_texts(nodes)
  local seen, texts = {}, {}
  for index, node in ipairs(nodes) do
    local text = #node == 0 and "" or #node == 1 and node[1]
    if type(text) ~= "string" or seen[text] or #node.assignments > 0 then return nil end
    seen[text], texts[index] = true, text
  end
  return texts
end

local each, pick

-- Sets the assignments from `index` on, once for each value of an immediate one.
local function assign(node, index, outer, scope, continue)
  local assignment = node.assignments[index]
  if not assignment then return continue(scope) end
  local name = assignment.name
  if assignment.keep and outer.variables[name] then
    return assign(node, index + 1, outer, scope, continue)
  end
  local function set(value)
    return assign(node, index + 1, outer, with(scope, name, value), continue)
  end
  if assignment.immediate and scope.draw then return set(pick(assignment.value, scope)) end
  if assignment.immediate then return each(assignment.value, scope, set) end
  return set(assignment.value)
end

-- Calls `emit` with every text of a choice. The order is that of the permutations of its options.
local function each_choice(node, scope, emit)
  local nodes, _, inner = options(node, scope)
  local seen, taken, chosen, texts = {}, {}, {}, {}
  local size, repeats, plain = 0, 0, plain_texts(nodes)

  local function drop()
    repeats = repeats + 1
    if repeats > max_choice then fault("the options of a choice are equal too often") end
  end

  local function produce(position)
    if position > size then
      local key = {}
      for index, text in ipairs(texts) do key[index] = #text .. ":" .. text end
      key = table.concat(key)
      if seen[key] then return drop() end
      seen[key] = true
      return emit(join(texts, node.separator))
    end
    return each(nodes[chosen[position]], inner, function(text)
      for index = 1, position - 1 do
        if texts[index] == text then return drop() end
      end
      texts[position] = text
      return produce(position + 1)
    end)
  end

  local function permute(position)
    if position > size and plain then
      for index = 1, size do texts[index] = plain[chosen[index]] end
      return emit(join(texts, node.separator))
    elseif position > size then
      return produce(1)
    end
    for index = 1, #nodes do
      if not taken[index] then
        taken[index], chosen[position] = true, index
        if permute(position + 1) then return true end
        taken[index] = nil
      end
    end
  end

  for count = math.min(node.min or 1, #nodes), math.min(node.max or 1, #nodes) do
    size, texts = count, {}
    if permute(1) then return true end
  end
end

-- Calls `emit` with every text of a node, until it returns true.
function each(node, scope, emit)
  if type(node) == "string" then
    return emit(node)
  elseif node.kind == "choice" then
    return each_choice(node, scope, emit)
  elseif node.kind ~= "sequence" then
    local nodes, inner = meanings(node, scope)
    for _, meaning in ipairs(nodes) do
      if each(meaning, inner, emit) then return true end
    end
    return
  end
  return assign(node, 1, scope, scope, function(inner)
    local function from(index, text)
      if not node[index] then return emit(text) end
      return each(node[index], inner, function(part) return from(index + 1, text .. part) end)
    end
    return from(1, "")
  end)
end

local function product(one, other)
  if other > 0 and one > math.maxinteger // other then
    fault("the template has more than 2^63 prompts")
  end
  return one * other
end

local function sum(one, other)
  if one > math.maxinteger - other then fault("the template has more than 2^63 prompts") end
  return one + other
end

local count

local function count_choice(node, scope)
  local nodes = options(node, scope)
  local total = 0
  if not plain_texts(nodes) then
    each_choice(node, scope, function()
      total = total + 1
      if total > max_choice then fault("a choice has more than %d results", max_choice) end
    end)
    return total
  end
  for size = math.min(node.min or 1, #nodes), math.min(node.max or 1, #nodes) do
    local permutations = 1
    for left = #nodes, #nodes - size + 1, -1 do permutations = product(permutations, left) end
    total = sum(total, permutations)
  end
  return total
end

-- The number of texts that `each` gives.
function count(node, scope)
  if type(node) == "string" then return 1 end
  local total = 0
  if node.kind == "choice" then
    return count_choice(node, scope)
  elseif node.kind ~= "sequence" then
    local nodes, inner = meanings(node, scope)
    for _, meaning in ipairs(nodes) do total = sum(total, count(meaning, inner)) end
  else
    assign(node, 1, scope, scope, function(inner)
      local all = 1
      for _, part in ipairs(node) do all = product(all, count(part, inner)) end
      total = sum(total, all)
    end)
  end
  return total
end

-- A random text of a node.
function pick(node, scope)
  if type(node) == "string" then return node end
  if node.kind == "choice" then
    local nodes, weights, inner = options(node, scope)
    local least, most = math.min(node.min or 1, #nodes), math.min(node.max or 1, #nodes)
    local size, texts, left, used = scope.draw.between(least, most), {}, {}, {}
    for index = 1, #nodes do left[index] = index end
    while #texts < size and #left > 0 do
      local position = scope.draw.weighted(left, weights)
      local text = pick(nodes[table.remove(left, position)], inner)
      if not used[text] then texts[#texts + 1] = text end
      used[text] = true
    end
    return join(texts, node.separator)
  elseif node.kind ~= "sequence" then
    local nodes, inner = meanings(node, scope)
    return pick(nodes[scope.draw.between(1, #nodes)], inner)
  end
  return assign(node, 1, scope, scope, function(inner)
    local text = ""
    for _, part in ipairs(node) do text = text .. pick(part, inner) end
    return text
  end)
end

return { each = each, count = count, pick = pick }
