--- Decodes and encodes JSON.
---
--- ```lua
--- local json = require "json"
--- local answer = json.decode('{"id": 7, "tags": ["a", "b"], "note": null}')
--- print(answer.id, answer.tags[2], answer.note == json.null)       --> 7  b  true
--- print(json.encode{ id = 7, tags = json.array{}, note = json.null })
--- --> {"id":7,"note":null,"tags":[]}
--- ```
---
--- Numbers keep their type in both directions: `1` is an integer and `1.0` a float. An integer of more
--- than 64 bits becomes a float, and so does `-0`. Of duplicate fields the last wins. A decoded array
--- stays an array, even after its last element was removed. Texts are UTF-8. Invalid JSON, and values
--- that JSON cannot represent, raise errors of kind `validation` that name the position.
---
---@class json
local json = {}

local native = select(2, ...)

--- Represents `null`, so that a table can hold it. It counts as true in a condition; compare with
--- `==`.
---@type userdata
json.null = native.null

--- Decodes a JSON text.
---
--- With `drop_null` null fields of objects are omitted; null elements of arrays stay `json.null`, so
--- that the other elements keep their positions.
---@type fun(text: string, options?: { drop_null?: boolean }): any
json.decode = native.decode

--- Encodes a value as JSON: in one line, or with `pretty` indented by two spaces.
---
--- A table with the keys 1 … n is an array, a table with string keys is an object. An empty table is
--- an object `{}`, unless it was decoded from an array or marked with `json.array`. Keys are sorted, so
--- that equal values give equal texts. Metamethods are ignored.
---@type fun(value: any, options?: { pretty?: boolean }): string
json.encode = native.encode

--- Marks a table as an array; needed only for empty tables.
---@generic T: table
---@param list? T the table to mark; the default is a new one
---@return T list the same table
function json.array(list)
  if list ~= nil and type(list) ~= "table" then
    native.fault("json.array: a " .. type(list) .. " is not allowed (expected a table)")
  end
  return setmetatable(list or {}, native.list_mark)
end

--- Marks a table as an object; needed only for empty tables in `extra` of a call, where an unmarked
--- one is an array.
---@generic T: table
---@param object? T the table to mark; the default is a new one
---@return T object the same table
function json.object(object)
  if object ~= nil and type(object) ~= "table" then
    native.fault("json.object: a " .. type(object) .. " is not allowed (expected a table)")
  end
  return setmetatable(object or {}, native.object_mark)
end

return json
