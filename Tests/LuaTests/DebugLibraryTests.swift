import Testing

@testable import Lua

/// What a script can do to the host with `debug`: nothing that ends the program.
@Suite("The debug library")
struct DebugLibraryTests {
  @Test("reaches nothing that the host keeps beside its objects")
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

  @Test("cannot change what the host's functions stand on")
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

  @Test("names itself in its messages")
  func messages() async throws {
    let error = try await luaError("debug.getupvalue(1, 1)")
    #expect(
      error.message == "test:1: bad argument #1 to 'getupvalue' (function expected, got number)")
  }
}
