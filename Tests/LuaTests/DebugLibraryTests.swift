import Testing

@testable import Lua

/// A script cannot crash the process with `debug`.
@Suite("The debug library")
struct DebugLibraryTests {
  @Test("cannot reach the user values of host objects")
  func userValues() async throws {
    try await runLua(
      """
      local handle = task.spawn(function() task.sleep(0) return 7 end)
      assert(debug.getuservalue(handle, 1) == nil)
      assert(debug.setuservalue(handle, nil, 1) == nil)
      collectgarbage()
      assert(handle:await() == 7)

      local channel = task.channel(1)
      assert(debug.setuservalue(channel, 42, 1) == nil)
      channel:send("safe")
      assert(channel:receive() == "safe")

      -- Not even of an object that was finalized by hand.
      local spent = task.spawn(function() task.sleep(0) end)
      local finalize = debug.getmetatable(spent).__gc
      finalize(spent)
      finalize(spent)
      assert(debug.setuservalue(spent, nil, 1) == nil)
      collectgarbage()
      assert(not pcall(spent.await, spent))

      -- Other userdata are as they were.
      assert(debug.getuservalue(io.stdout, 1) == nil)
      assert(not pcall(debug.setuservalue, 1, 2))
      """)
  }

  @Test("cannot change the upvalues of host functions")
  func upvalues() async throws {
    try await runLua(
      """
      for _, f in ipairs {os.exit, debug.getupvalue, debug.setuservalue, task.sleep} do
        assert(debug.getupvalue(f, 1) == nil)
        assert(debug.setupvalue(f, 1, nil) == nil)
        assert(debug.upvalueid(f, 1) == nil)
      end
      local secret = 1
      local function f() return secret end
      assert(debug.getupvalue(f, 1) == "secret" and debug.setupvalue(f, 1, 2) and f() == 2)
      """)
  }

  @Test(
    "cannot remove what the libraries and the host depend on",
    arguments: [
      "for k in pairs(r) do r[k] = nil end",
      "for k in pairs(r) do if type(k) ~= 'number' then r[k] = nil end end",
      "for k in pairs(r) do r[k] = 42 end",
      "debug.sethook(print, '', 1 << 30) r._HOOKKEY = nil",
      "r[1] = nil r[2] = nil r[3] = 'x'",
      "r._IO_input = nil r._IO_output = task.channel(1)",
      "setmetatable(r, nil) for k in pairs(r) do r[k] = nil end",
      "package.loaded = nil r._LOADED = nil r._PRELOAD = 7",
      "for name in pairs(package.loaded) do package.loaded[name] = nil end",
      "for name in pairs(task) do task[name] = nil end for n in pairs(coroutine) do coroutine[n] = nil end",
      "debug.setmetatable('', nil) debug.setmetatable(print, {__call = error, __index = error})",
      "debug.setupvalue(string.gmatch('a', 'a'), 3, nil) debug.setupvalue(io.lines('/dev/null'), 1, nil)",
      "pcall(debug.setmetatable, task.channel(1), debug.getmetatable(io.stdout))",
      "local mt = debug.getmetatable(task.channel(1)) for k in pairs(mt) do if k ~= '__gc' then mt[k] = nil end end",
      "local mt = debug.getmetatable(task.channel(1)) mt.__gc(io.stdout) mt.__gc(1) mt.__gc()",
    ])
  func registry(source: String) async throws {
    try await runLua(
      """
      local r = debug.getregistry()
      assert(type(r) == 'table' and r == debug.getregistry())
      local collectgarbage, spawn, channel, coroutine_wrap, pcall, io =
        collectgarbage, task.spawn, task.channel, coroutine.wrap, pcall, io
      do
        local _ENV = setmetatable({}, {__index = _G})
        \(source)
      end
      debug.sethook()
      collectgarbage()
      -- All of it still works, or raises.
      pcall(function() assert(spawn(coroutine_wrap, function() end):await()) end)
      pcall(function() local c = channel(1) c:send({}) c:receive() end)
      pcall(io.write) pcall(io.output) pcall(require, 'string')
      pcall(load, 'return 1') pcall(echo, {}) pcall(fail)
      collectgarbage()
      """, with: ["echo": Host.echo, "fail": Host.fail])
  }

  @Test("cannot call or change what runs inside the host's own calls")
  func protectedCalls() async throws {
    try await runLua(
      """
      local grabbed, values = {}, {}
      local grabs = true
      local function grab()
        if not grabs then return end
        for level = 1, 8 do
          local info = debug.getinfo(level, 'f')
          if not info then break end
          grabbed[info.func] = true
          for index = 1, 8 do
            local name, value = debug.getlocal(level, index)
            if not name then break end
            values[#values + 1] = value
            if name == '(C temporary)' then assert(debug.setlocal(level, index, value) == nil) end
          end
        end
      end
      local object = setmetatable({}, {
        __index = grab, __newindex = grab, __len = function() grab() return 1 end,
        __tostring = function() grab() return 'x' end,
      })
      touch(object)
      pcall(error, object)
      grabs = false
      for f in pairs(grabbed) do
        if type(f) == 'function' and debug.getinfo(f, 'S').what == 'C' then
          pcall(f)
          for _, value in ipairs(values) do pcall(f, value) pcall(f, object, value) end
        end
      end
      """,
      with: [
        "touch": LuaNativeFunction { call in
          let table = try call.table(1)
          _ = try table.get("x")
          _ = try table.get(1)
          try table.set("y", to: 1)
          _ = try table.count
          _ = try call.state.displayText(of: .table(table))
          return .none
        }
      ])
  }

  @Test("a finalizer that allocates references does not corrupt others")
  func references() async throws {
    try await runLua(
      """
      collectgarbage("setstepmul", 1000)
      local function litter()
        for _ = 1, 20 do
          setmetatable({}, {__gc = function() keep({}) keep(print) end})
        end
      end
      for round = 1, 300 do
        litter()
        for index = 1, 10 do
          local kind = ({"table", "function"})[index % 2 + 1]
          assert(typeOf(kind == "table" and {} or print) == kind)
        end
      end
      """,
      with: [
        "keep": LuaNativeFunction { call in
          _ = try call.value(1)
          return .none
        },
        "typeOf": LuaNativeFunction { call in
          let (first, second) = (try call.value(1), try call.value(1))
          let made = try call.state.value(of: first)
          return try call.results(first == second && made == first ? made.type.description : "?")
        },
      ])
  }

  @Test("names itself in its messages")
  func messages() async throws {
    let error = try await luaError("debug.getupvalue(1, 1)")
    #expect(
      error.message == "test:1: bad argument #1 to 'getupvalue' (function expected, got number)")
  }
}
