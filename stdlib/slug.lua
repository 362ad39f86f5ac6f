--- Makes file names from texts.
---
--- ```lua
--- local slug = require "slug"
--- slug("A Café in Paris, 1920!")                     --> "a-cafe-in-paris-1920"
--- slug("Ein Bär im Schnee", { max = 8 })             --> "ein-bar"
--- slug("猫 in a spacesuit", { separator = "_" })     --> "猫_in_a_spacesuit"
--- ```
---
--- Keeps letters and digits, in lower case. Removes accents from Latin letters and transliterates
--- letters such as `ß`, `æ` and `ø`. Letters of other scripts stay unchanged. Everything else becomes
--- one separator, except at the ends. Different texts may give the same slug: add a number if that
--- matters.
---
---@class slug
---@overload fun(text: string, options?: slug.options): string
local slug = {}

local native = select(2, ...)

---@class slug.options
---@field separator? string between words; the default is `-`
---@field max? integer maximum bytes, 80 by default; cuts between words if possible
---@field default? string the result for a text without letters and digits; `untitled` by default

-- The transliteration of Latin letters (U+00C0 … U+017F and a few beyond).
local latin = {
  a = "ÀÁÂÃÄÅĀĂĄǍàáâãäåāăąǎ", c = "ÇĆĈĊČçćĉċč", d = "ĎĐÐďđð", e = "ÈÉÊËĒĔĖĘĚèéêëēĕėęě",
  g = "ĜĞĠĢĝğġģ", h = "ĤĦĥħ", i = "ÌÍÎÏĨĪĬĮİìíîïĩīĭįı", j = "Ĵĵ", k = "Ķķĸ", l = "ĹĻĽĿŁĺļľŀł",
  n = "ÑŃŅŇŊñńņňŋ", o = "ÒÓÔÕÖØŌŎŐƠòóôõöøōŏőơ", r = "ŔŖŘŕŗř", s = "ŚŜŞŠȘśŝşšșſ",
  t = "ŢŤŦȚţťŧț", u = "ÙÚÛÜŨŪŬŮŰŲƯùúûüũūŭůűųư", w = "Ŵŵ", y = "ÝŶŸýÿŷ", z = "ŹŻŽźżž",
  ae = "Ææ", oe = "Œœ", ss = "ßẞ", th = "Þþ", ij = "Ĳĳ",
}

local folded = {}
for letters, forms in next, latin do
  for _, code in utf8.codes(forms) do folded[code] = letters end
end

-- Ranges beyond ASCII without letters and digits: Latin-1 signs, general punctuation to dingbats, CJK
-- and full-width punctuation, private use, variation selectors, and the planes of emoji and tags.
local signs = {
  { 0x80, 0xA9 }, { 0xAB, 0xB4 }, { 0xB6, 0xB9 }, { 0xBB, 0xBF }, { 0xD7, 0xD7 }, { 0xF7, 0xF7 },
  { 0x2000, 0x2BFF }, { 0x2E00, 0x2E7F }, { 0x3000, 0x3004 }, { 0x3008, 0x3020 },
  { 0x3030, 0x3030 }, { 0xE000, 0xF8FF }, { 0xFE00, 0xFE1F }, { 0xFE30, 0xFE6F },
  { 0xFEFF, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 },
  { 0xFFE0, 0xFFFF }, { 0x1F000, 0x1FAFF }, { 0xE0000, 0x10FFFF },
}

local function is_sign(code)
  for _, range in ipairs(signs) do
    if code < range[1] then return false end
    if code <= range[2] then return true end
  end
  return false
end

-- The replacement of a character; nil for a word separator.
local function word_part(code)
  if code < 0x80 then return string.char(code):match("%w") end
  -- Drop combining accents.
  if code >= 0x300 and code <= 0x36F then return "" end
  if folded[code] then return folded[code] end
  if not is_sign(code) then return utf8.char(code) end
end

local kinds = { separator = "string", max = "number", default = "string" }

-- Checks the arguments and returns a plain copy of the options.
local function check(text, options)
  if type(text) ~= "string" then
    native.fault(("slug: a %s is not allowed (expected a string)"):format(type(text)))
  elseif not utf8.len(text) then
    native.fault("slug: the text is not UTF-8")
  end
  local given = native.fields(options, "slug", { "separator", "max", "default" })
  for name, value in next, given do
    if type(value) ~= kinds[name] then
      native.fault(("slug: option '%s' is a %s (expected a %s)"):format(
        name, type(value), kinds[name]))
    elseif name == "max" and not (value >= 1 and math.tointeger(value)) then
      native.fault(("slug: option 'max' is %s (expected an integer of at least 1)"):format(value))
    elseif name ~= "max" and value:find("[/%z]") then
      native.fault(("slug: option '%s' has a character that no file name has"):format(name))
    end
  end
  return given
end

-- Truncates a word to `max` bytes, between characters.
local function cut(word, max)
  if #word <= max then return word end
  return word:sub(1, utf8.offset(word, 0, max + 1) - 1)
end

--- Makes a file name from a text; `slug(text)` is the same.
---@param text string
---@param options? slug.options
---@return string
function slug.of(text, options)
  options = check(text, options)
  local separator, max = options.separator or "-", options.max or 80
  local words, word = {}, {}
  local function end_word()
    if #word > 0 then words[#words + 1] = table.concat(word) end
    word = {}
  end
  for _, code in utf8.codes(text) do
    local part = word_part(code)
    if part then
      if part ~= "" then word[#word + 1] = part:lower() end
    elseif code ~= 0x27 and code ~= 0x2019 then
      -- An apostrophe does not separate words: "it's" is "its".
      end_word()
    end
  end
  end_word()
  local result = words[1] and cut(words[1], max) or ""
  for index = 2, #words do
    local longer = result .. separator .. words[index]
    if #longer > max then break end
    result = longer
  end
  return result ~= "" and result or options.default or "untitled"
end

return setmetatable(slug, {
  __call = function(_, text, options) return slug.of(text, options) end,
}) --[[@as slug]]
