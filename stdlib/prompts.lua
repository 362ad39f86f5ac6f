--- Expands templates with variants, wildcards and variables to prompts.
---
--- ```lua
--- local prompts = require "prompts"
--- prompts.expand("a {red|blue} {cat|dog}")       --> "a red cat", "a red dog", "a blue cat", …
--- prompts.expand("{2$$ and $$oak|elm|ash}")      --> "oak and elm", "oak and ash", "elm and oak", …
--- prompts.expand("a __colour__ door", { wildcards = { colour = { "red", "green" } } })
--- prompts.expand("${who={cat|dog}}a ${who} and a ${who}")            -- four prompts
--- prompts.pick("{3::sunny|rainy} day", { n = 5, seed = 7 })          -- five, three of four sunny
--- ```
---
--- | syntax | meaning |
--- |---|---|
--- | `{a\|b\|}` | one of the options; they nest, and may be empty |
--- | `{3::a\|b}` | `pick` takes `a` three times as often; `expand` ignores weights |
--- | `{2$$a\|b\|c}`, `{1-2$$…}`, `{-2$$…}`, `{2-$$…}` | so many different options, in every order, with `,` between them |
--- | `{2$$ and $$a\|b\|c}` | with ` and ` between them |
--- | `__colour__`, `__dir/colour__`, `__dir/*__` | a value of the wildcard; `*` stands for any characters, `/` too |
--- | `{2$$__colour__}` | two different values of the wildcard |
--- | `${x=v}`, `${x}`, `${x:default}` | sets a variable, whose value is chosen anew at each use; uses it |
--- | `${x=!v}` | chooses the value once, for all uses |
--- | `${x?=v}` | sets the variable unless the template that used this wildcard has set it |
--- | `# …` | a comment, at the start of a line or before a space, to the end of the line |
--- | `\{` | the character `{`; the same for `} \| $ # % _ : ~ ! @ \` |
---
--- This is the syntax of dynamicprompts, but a missing wildcard and one that contains itself are
--- errors; `expand` gives every case of `${x=!v}`; a lone `%`, `$` or `__` is literal; equal options
--- of a choice count as different ones; `{2-$$__x__}` gives two values at least. Samplers (`~`, `!`,
--- `@`), `%{…}`, `__x(a=b)__`, YAML and Jinja are refused.
---
--- Wildcards are files in the folder `wildcards`: `colour.txt` has a value in each line (sorted, once
--- each, without lines that start with `#`), `colour.json` a list of values; an object in a `.json`
--- file has lists under names. A value is a template itself.
---
---@class prompts
local prompts = {}

local native = select(2, ...)

local expansion = require "imagine.prompts.expansion"
local parse = require "imagine.prompts.parser"
local wildcards = require "imagine.prompts.wildcards"

---@class prompts.options
---@field wildcards? string|table<string, string[]> the folder, `wildcards` by default; or the values

-- Prompts without an explicit limit, parts of a matrix.
local default_limit, max_parts = 1000, 16

local function fault(message, ...)
  native.fault("prompts: " .. message:format(...))
end

-- What an option may be: in words, then its least and greatest integer, or its types.
local expectations = {
  wildcards = { "the path of a folder, or a table of lists", "string", "table" },
  limit = { "an integer of at least 1", 1, math.maxinteger },
  n = { "an integer from 1 to 1000000", 1, 1000000 },
  seed = { "an integer", math.mininteger, math.maxinteger },
  separator = { "a string", "string" },
}

-- A plain table of the options of a function.
local function check(name, given, allowed)
  local options = native.fields(given, "prompts." .. name, allowed)
  for option, value in next, options do
    local expected, least, most = table.unpack(expectations[option])
    local holds = type(value) == least or type(value) == most or math.type(value) == "integer"
      and math.type(least) and value >= least and value <= most
    if not holds then
      fault("option '%s' is %s (expected %s)", option,
        type(value) == "table" and "a table" or tostring(value), expected)
    end
  end
  return options
end

-- The parsed template, and the scope to expand it in.
local function open(name, template, given, allowed)
  if type(template) ~= "string" then
    fault("the template of %s is a %s (expected a string)", name, type(template))
  end
  local options = check(name, given, allowed)
  local scope = { variables = {}, inside = {}, book = wildcards.open(options.wildcards) }
  return parse(template, "the template"), scope, options
end

---@class prompts.expand: prompts.options
---@field limit? integer gives the first prompts only; without it, more than 1000 are an error

--- All prompts of a template. The first choice changes slowest.
---@param template string
---@param options? prompts.expand
---@return string[]
function prompts.expand(template, options)
  local node, scope, given = open("expand", template, options, { "limit", "wildcards" })
  local results = {}
  expansion.each(node, scope, function(text)
    if not given.limit and #results == default_limit then
      fault("the template has more than %d prompts: give 'limit' for the first ones, or use pick",
        default_limit)
    end
    results[#results + 1] = text
    return #results == given.limit
  end)
  return results
end

--- The number of prompts that `expand` gives without a limit.
---@param template string
---@param options? prompts.options
---@return integer
function prompts.count(template, options)
  local node, scope = open("count", template, options, { "wildcards" })
  return expansion.count(node, scope)
end

---@class prompts.pick: prompts.options
---@field n? integer how many, 1 by default
---@field seed? integer 1 by default: a script that is run again picks the same prompts

--- Random prompts of a template, by the weights of its options. One may come more than once.
---@param template string
---@param options? prompts.pick
---@return string[]
function prompts.pick(template, options)
  local node, scope, given = open("pick", template, options, { "n", "seed", "wildcards" })
  local state, draw = given.seed or 1, {}
  scope.draw = draw
  -- The generator splitmix64; `math.random` stays as the script has seeded it.
  local function bits()
    state = state + 0x9E3779B97F4A7C15
    local mixed = (state ~ (state >> 30)) * 0xBF58476D1CE4E5B9
    mixed = (mixed ~ (mixed >> 27)) * 0x94D049BB133111EB
    return (mixed ~ (mixed >> 31)) >> 11
  end
  function draw.between(low, high) return low + bits() % (high - low + 1) end
  -- A position in `left`, by the weights of what it names.
  function draw.weighted(left, weights)
    local total = 0
    for _, index in ipairs(left) do total = total + (weights[index] or 1) end
    local mark = bits() * 0x1p-53 * total
    for position, index in ipairs(left) do
      mark = mark - (weights[index] or 1)
      if mark < 0 then return position end
    end
    return #left
  end
  local results = {}
  for index = 1, given.n or 1 do results[index] = expansion.pick(node, scope) end
  return results
end

--- The first part alone and with every combination of the others, at most 16 parts in all.
---
--- ```lua
--- prompts.matrix{ "a busy city", "at night", "in rain" }
--- --> "a busy city", "a busy city, at night", "a busy city, in rain", "a busy city, at night, in rain"
--- ```
---@param parts string[]
---@param options? { separator?: string } between parts; the default is `, `
---@return string[]
function prompts.matrix(parts, options)
  local separator = check("matrix", options, { "separator" }).separator or ", "
  parts = wildcards.texts(parts, "the parts of matrix")
  if #parts < 1 or #parts > max_parts then
    fault("matrix has %d parts (expected 1 to %d)", #parts, max_parts)
  end
  local results = {}
  for set = 0, (1 << #parts - 1) - 1 do
    local chosen = { parts[1] }
    for index = 2, #parts do
      if set >> index - 2 & 1 == 1 then chosen[#chosen + 1] = parts[index] end
    end
    results[#results + 1] = table.concat(chosen, separator)
  end
  return results
end

--- The prompts in a file: each line of a text file that is not empty and does not start with `#`, or
--- the strings of a list in a `.json` file.
---@param path string
---@return string[]
function prompts.read(path)
  if type(path) ~= "string" then
    fault("the path of read is a %s (expected a string)", type(path))
  end
  local fs = require "imagine.fs"
  local text = fs.read(path)
  if fs.extension(path) == "json" then
    return wildcards.texts(require "imagine.json".decode(text), path)
  elseif not utf8.len(text) then
    fault("%s is not UTF-8", path)
  end
  return wildcards.lines(text)
end

return prompts
