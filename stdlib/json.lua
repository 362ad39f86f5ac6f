--- JSON: texts to Lua values and back.
---
--- ```lua
--- local json = require "json"
--- local answer = json.decode('{"id": 7, "tags": ["a", "b"], "note": null}')
--- print(answer.id, answer.tags[2], answer.note == json.null)       --> 7  b  true
--- print(json.encode{ id = 7, tags = json.array{}, note = json.null })
--- --> {"id":7,"note":null,"tags":[]}
--- ```
---
--- Numbers keep their kind: `1` is an integer and `1.0` a float, both ways. An integer of more than
--- 64 bits becomes a float, and so does `-0`. Of fields of one name the last counts. What was an array stays one, even after its last element was removed.
--- Texts are UTF-8. A text that is not JSON, and a value that JSON cannot hold, are errors of kind
--- `validation` that name the place.
---
---@class json
local json = {}

local native = select(2, ...)

--- What `null` is in Lua: a value of its own, so that a table can hold it. It counts as true in a
--- condition; compare with `==`.
---@type userdata
json.null = native.null

--- Reads a JSON text.
---
--- With `drop_null` a field that is `null` is left out, as Lua's own tables have it; in an array it
--- stays `json.null`, so that the others keep their places.
---@type fun(text: string, options?: { drop_null?: boolean }): any
json.decode = native.decode

--- Writes a value as JSON: in one line, or with `pretty` indented by two spaces.
---
--- A table with keys 1 … n is an array, one with strings for keys an object. An empty table is an
--- object `{}`, unless it came from an array or went through `json.array`. Keys are sorted, so that
--- the same value gives the same text in every run. Metamethods are not asked.
---@type fun(value: any, options?: { pretty?: boolean }): string
json.encode = native.encode

--- Marks a table as an array, which matters while it is empty.
---@generic T: table
---@param list? T the table to mark; a new one where it is left out
---@return T list the same table
function json.array(list)
  if list ~= nil and type(list) ~= "table" then
    native.fault("json.array: a " .. type(list) .. " is not allowed (expected a table)")
  end
  return setmetatable(list or {}, native.list_mark)
end

return json
