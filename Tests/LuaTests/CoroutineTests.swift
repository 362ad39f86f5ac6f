import Testing

@testable import Lua

/// The replaced coroutine functions, from the reference manual.
@Suite("Coroutines")
struct CoroutineTests {
  @Test("describe a wrong argument in Lua's words")
  func wrongArguments() async throws {
    for name in ["resume", "status", "close", "isyieldable"] {
      #expect(
        try await luaError("coroutine.\(name)(nil)").message
          == "test:1: bad argument #1 to '\(name)' (thread expected, got nil)")
    }
  }

  @Test("behave as the reference manual says")
  func manual() async throws {
    try await runLua(
      """
      local co = coroutine.create(function(a, b)
        local c = coroutine.yield(a + b)
        local d, e = coroutine.yield(c * 2)
        return d, e
      end)
      assert(coroutine.status(co) == "suspended")
      assert(select(2, coroutine.resume(co, 1, 2)) == 3)
      assert(select(2, coroutine.resume(co, 10)) == 20)
      local ok, d, e = coroutine.resume(co, "x", "y")
      assert(ok and d == "x" and e == "y" and coroutine.status(co) == "dead")
      local ok, message = coroutine.resume(co)
      assert(not ok and message == "cannot resume dead coroutine")

      -- running, isyieldable, normal
      local main, isMain = coroutine.running()
      assert(isMain and not coroutine.isyieldable())
      local outer
      outer = coroutine.create(function()
        assert(coroutine.isyieldable() and not select(2, coroutine.running()))
        coroutine.wrap(function() assert(coroutine.status(outer) == "normal") end)()
        local ok, message = coroutine.resume(outer)
        assert(not ok and message == "cannot resume non-suspended coroutine")
      end)
      assert(coroutine.resume(outer))

      -- wrap passes errors on, with its position before a text, and values as they are
      local value = {}
      local ok, err = pcall(coroutine.wrap(function() error(value) end))
      assert(not ok and err == value)
      local ok, err = pcall(coroutine.wrap(function() error("text", 0) end))
      assert(not ok and err:find("text$"))

      -- close runs pending closers and gives their error
      local closed
      local co = coroutine.create(function()
        local c <close> = setmetatable({}, {__close = function() closed = true end})
        coroutine.yield()
      end)
      coroutine.resume(co)
      assert(coroutine.close(co) and closed and coroutine.status(co) == "dead")
      local co = coroutine.create(function()
        local c <close> = setmetatable({}, {__close = function() error("in close", 0) end})
        coroutine.yield()
      end)
      coroutine.resume(co)
      local ok, err = coroutine.close(co)
      assert(not ok and err == "in close")

      -- wrong arguments
      assert(select(2, pcall(coroutine.resume, 1)):find("thread expected"))
      assert(select(2, pcall(coroutine.create, 1)):find("function expected"))
      assert(select(2, pcall(coroutine.yield)):find("outside a coroutine"))

      -- a generator over a table.unpack of many values
      local gen = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)
      local sum = 0 for i in gen do sum = sum + i if i == 100 then break end end
      assert(sum == 5050)
      """)
  }

  @Test("nested endlessly raise an error that can be caught")
  func overflow() async throws {
    let results = try await runLua(
      """
      local function deep() return coroutine.wrap(deep)() end
      local ok, message = pcall(deep)
      return ok, message:find("C stack overflow") ~= nil
      """)
    #expect(results == [false, true])
  }

  @Test("can be collected while they wait for the host")
  func collected() async throws {
    try await runLua(
      """
      for index = 1, 50 do
        local t = task.spawn(function()
          coroutine.wrap(function() never() end)()
        end)
        task.sleep(0)
        t:cancel()
        pcall(t.await, t)
      end
      collectgarbage()
      """, with: ["never": Host.never])
  }
}
