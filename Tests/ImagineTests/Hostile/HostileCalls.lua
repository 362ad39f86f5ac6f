-- Calls every binding with hostile values: `imagine HostileCalls.lua CALLS SEED TYPES`.
--
-- TYPES is the file with the editor's descriptions: it names the methods of userdata, and another
-- test holds it to what there is. An error is what a hostile call should end with; the process must
-- live. Paths are relative and lead below the working directory, so that nothing else is touched.
local calls, seed, types_path = tonumber(arg[1]), tonumber(arg[2]), arg[3]
math.randomseed(seed)
local random, unpack = math.random, table.unpack
local real_pcall, type, pairs, tostring, next, rawget = pcall, type, pairs, tostring, next, rawget
local create, resume, status, yield =
  coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
os.exit = function() error("os.exit was called") end

local libraries = {}
for _, name in ipairs{
  "args", "choose", "csv", "fs", "http", "json", "log", "process", "prompts", "slug", "sweep",
} do
  libraries[name] = require("imagine." .. name)
end
local json_null = libraries.json.null

-- What is called: functions of modules by their names, methods by those that the types file has.
local bindings, known_fields = {}, {}
local function add(name, fn, self) bindings[#bindings + 1] = { name = name, fn = fn, self = self } end
local function add_module(name, module)
  for key, value in pairs(module) do
    if type(value) == "function" then
      add(name .. "." .. tostring(key), value)
    end
  end
end
add_module("imagine", imagine)
for name, module in pairs(libraries) do add_module(name, module) end
add("slug", libraries.slug.of)

local image = imagine.generate{ prompt = "a cat", seed = 1 }
local job = imagine.video{ prompt = "a wave", style = "fast-svd" }
local video = job:wait()
local _, fault = pcall(imagine.generate, {})
local objects = { Image = image, Job = job, Video = video }
for line in io.lines(types_path) do
  local class, method = line:match("^function (%u%l+):([%w_]+)%(")
  if class and objects[class] then
    add(class .. ":" .. method, objects[class][method], objects[class])
  end
  local field = line:match("^%-%-%-@field ([%w_]+)")
  if field then known_fields[#known_fields + 1] = field end
end
assert(#bindings > 50, "the bindings were not found")

-- Values.
local deep_limits = { 5, 33, 40, 200, 600, 20000 }
local function deep()
  local table, inner = {}, nil
  for _ = 1, deep_limits[random(#deep_limits)] do
    table = { inner = table, table }
  end
  return table
end
local function circle()
  local one, two = { prompt = "x", kind = "openai" }, {}
  one.extra, two.one, one[1] = two, one, one
  one.inner = one
  return one
end
local bytes = "\x89PNG\r\n\x1a\n"
local content = image:data()
local strings = {
  "", " ", "\0", "a\0b", "\xff\xfe", "caf\xe9", "\u{FEFF}", "\27[2J", ("x"):rep(5000),
  ("\xf0\x9f\x98\x80"):rep(300), "no/such/dir", "a.png", "a.jpg", "a.mp4", "a.csv", "a.jsonl",
  "\xff.png", "a/b/c.webp", "12", "-1", "1e400", "nan", "16:9", "true", "anime", "realstic",
  "fast-svd", "imagine", "openai", "nobody", "png", "contain", "http://127.0.0.1:70000/x.png",
  "http://[::1", "https://", "file:///nowhere", bytes, content, content:sub(1, #content // 2),
  "[[[[", '{"a":', '"\\ud800"', "1\0002\0", ("["):rep(3000), "a,b\r\n,\r\n\"", '"', "%s%n", "--out",
  "id", "../../x/", "ops\n",
}
local numbers = {
  0, -0.0, 1, -1, 2, 3, 7, 0.5, -0.5, 1e-308, 1e308, -1e308, 2^31, 2^32, 2^53, 2^63, -2^63, 65536,
  16384, 16385, math.maxinteger, math.mininteger, math.huge, -math.huge, 0 / 0,
}
local function failing() error("a metamethod fails") end
local function yielding() return yield("from a metamethod") end
local function endless() return endless end
local behaviours = {
  failing, yielding, function() return {} end, function() return 0 / 0 end,
  function() return math.maxinteger end, function() return "text" end, function() return nil end,
  function(...) return ... end, function() return setmetatable({}, { __index = failing }) end,
  endless, coroutine.wrap(function() while true do yield(1) end end), tostring, print and rawget,
}
local events = {
  "__index", "__newindex", "__len", "__pairs", "__tostring", "__name", "__call", "__eq", "__lt",
  "__concat", "__close", "__metatable", "__gc", "__mode",
}
local value
local function hostile_table(depth)
  local table = {}
  for _ = 1, random(0, 5) do
    local key = random(4) == 1 and value(depth + 1) or known_fields[random(#known_fields)]
    if key ~= nil and key == key then table[key] = value(depth + 1) end
  end
  for _ = 1, random(0, 2) do table[#table + 1] = value(depth + 1) end
  if random(3) == 1 then
    local meta = {}
    for _ = 1, random(3) do
      local event = events[random(#events)]
      meta[event] = random(6) == 1 and value(depth + 1) or behaviours[random(#behaviours)]
    end
    -- A finalizer that fails is only a warning; one that waits is Lua's own matter.
    if type(meta.__gc) ~= "function" then meta.__gc = nil end
    setmetatable(table, meta)
  end
  return table
end
local dead = create(function() end)
resume(dead)
local closed = assert(io.tmpfile())
closed:close()
local function object()
  local all = {
    image, job, video, fault, json_null, io.stdout, closed, dead, create(yielding), imagine,
    imagine.generate, string.rep, failing, yielding, libraries.json,
  }
  return all[random(#all)]
end
function value(depth)
  local kind = random(12)
  if kind <= 3 then return strings[random(#strings)] end
  if kind <= 5 then return numbers[random(#numbers)] end
  if kind == 6 then return random(2) == 1 end
  if kind == 7 then return nil end
  if kind <= 9 and depth < 4 then return hostile_table(depth) end
  if kind == 10 and depth < 3 then return random(2) == 1 and circle() or deep() end
  return object()
end

-- What a call may have changed for those after it.
local function settle()
  imagine.configure{
    provider = "imagine", concurrency = 8, rate = 100000, budget = 1e11, max_calls = 1e9,
    retries = 0, timeout = 20, cache = false, allow_unpriced = true, retry_uncertain = false,
  }
  libraries.log.configure{ level = "off", format = "text", write = function() end }
end
settle()

local outcomes = { done = 0, refused = 0 }
for number = 1, calls do
  local binding = bindings[random(#bindings)]
  local arguments = { n = random(0, 4) }
  for index = 1, arguments.n do arguments[index] = value(1) end
  if binding.self and random(10) > 1 then arguments[1] = binding.self end
  local place = ("call %d, seed %d: %s"):format(number, seed, binding.name)
  if os.getenv("HOSTILE_TRACE") then io.stderr:write(place, "\n") end
  local ok
  if random(4) == 1 then
    -- In a coroutine of the script's own a metamethod may really yield.
    local thread = create(binding.fn)
    ok = resume(thread, unpack(arguments, 1, arguments.n))
    for _ = 1, 20 do
      if status(thread) ~= "suspended" then break end
      ok = resume(thread, value(2))
    end
    -- What a call has begun there ends with the coroutine, also where it ended by an error.
    coroutine.close(thread)
  else
    ok = real_pcall(binding.fn, unpack(arguments, 1, arguments.n))
  end
  outcomes[ok and "done" or "refused"] = outcomes[ok and "done" or "refused"] + 1
  if binding.name:find("configure", 1, true) then settle() end
  if number % 500 == 0 then collectgarbage() end
end
settle()
assert(imagine.generate{ prompt = "still here", seed = 2 }.width == image.width)
assert(outcomes.refused > calls / 10 and outcomes.done > calls / 100)
print(("%d calls of %d bindings: %d done, %d refused"):format(
  calls, #bindings, outcomes.done, outcomes.refused))
