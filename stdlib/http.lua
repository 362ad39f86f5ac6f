--- Requests to the web.
---
--- ```lua
--- local http, json = require "http", require "json"
--- local answer = http.get("https://example.org/prompts.json", { timeout = 10 })
--- if answer.status == 200 then print(#json.decode(answer.body)) end
--- http.post("https://hooks.example.org/done", { json = { text = "42 images are ready" } })
--- ```
---
--- They go through the proxies of this machine, as calls do. No token of a provider is ever sent, and
--- nothing is retried. An answer of any status is a result; no answer is an error of kind
--- `connection` or `timeout`. `imagine plan` sends nothing but `get`, and answers `post` with status
--- 200 and no body; a recording does not contain requests, so a replay sends them again.
---
---@class http
local http = {}

local native = select(2, ...)

---@class http.options
---@field headers? table<string, string>
---@field timeout? number seconds to the last byte of the answer, 60 by default

---@class http.post_options: http.options
---@field json? any a value to send as JSON
---@field form? table<string, string|number|boolean> fields to send as a form
---@field body? string bytes to send as they are

---@class http.answer
---@field status integer
---@field headers table<string, string> by their names in lower case
---@field body string at most 256 MiB, and no more than `--memory` allows

local function fault(message, field, ...)
  native.fault("http: " .. message:format(...), field)
end

local function encoded(text)
  return (text:gsub("[^%w%-%._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function form(fields)
  if type(fields) ~= "table" then
    fault("field 'form': a %s is not allowed (expected a table)", "form", type(fields))
  end
  local parts = {}
  for name, value in next, fields do
    local kind = type(value)
    if type(name) ~= "string" or kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      fault("field 'form': %s is not allowed (expected names with texts, numbers or booleans)", "form",
        type(name) == "string" and "a " .. kind .. " as '" .. name .. "'" or "a " .. type(name)
          .. " as a name")
    end
    parts[#parts + 1] = encoded(name) .. "=" .. encoded(tostring(value))
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

--- Gets an address; at most 5 redirects are followed, and none to this machine from elsewhere. Another
--- host, or another port, gets no header but `Accept` and `Accept-Language`.
---@param url string an http or https address
---@param options? http.options
---@return http.answer
function http.get(url, options)
  return native.send("GET", url, native.fields(options, "http.get", { "headers", "timeout" }))
end

--- Posts to an address: `json`, `form` or `body`. Redirects are results.
---@param url string an http or https address
---@param options? http.post_options
---@return http.answer
function http.post(url, options)
  local given = native.fields(options, "http.post",
    { "json", "form", "body", "headers", "timeout" })
  local count = (given.json ~= nil and 1 or 0) + (given.form ~= nil and 1 or 0)
    + (given.body ~= nil and 1 or 0)
  if count > 1 then fault("post has more than one of 'json', 'form' and 'body'") end
  local send = { headers = given.headers, timeout = given.timeout, body = given.body or "" }
  if given.json ~= nil then
    send.body, send.type = require "imagine.json".encode(given.json), "application/json"
  elseif given.form ~= nil then
    send.body, send.type = form(given.form), "application/x-www-form-urlencoded"
  end
  return native.send("POST", url, send)
end

return http
