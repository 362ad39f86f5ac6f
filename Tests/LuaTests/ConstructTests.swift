import Testing

@testable import Lua

/// All constructs of Lua in which a script may call the host.
@Suite("A call that waits")
struct ConstructTests {
  @Test(
    "works in every construct, at every depth, in the main script and in tasks",
    arguments: [
      ("pcall", "return select(2, pcall(function() nap() return 7 end))"),
      ("an error after it", "local _, e = pcall(function() nap() error({7}) end) return e[1]"),
      ("xpcall", "return select(2, xpcall(function() nap() return 7 end, print))"),
      ("a message handler", "return select(2, xpcall(error, function() nap() return 7 end))"),
      ("__index", "return meta{__index = function() nap() return 7 end}.x"),
      (
        "__newindex",
        "local r local t = meta{__newindex = function(_, _, v) nap() r = v end} t.x = 7 return r"
      ),
      ("__add", "return meta{__add = function() nap() return 7 end} + 1"),
      ("__concat", "return meta{__concat = function() nap() return 7 end} .. 'a'"),
      (
        "__eq",
        "local m = {__eq = function() nap() return true end} return meta(m) == meta(m) and 7"
      ),
      (
        "__lt", "local m = {__lt = function() nap() return true end} return meta(m) < meta(m) and 7"
      ),
      (
        "__le",
        "local m = {__le = function() nap() return true end} return meta(m) <= meta(m) and 7"
      ),
      ("__len", "return #meta{__len = function() nap() return 7 end}"),
      ("__unm", "return -meta{__unm = function() nap() return 7 end}"),
      ("__call", "return meta{__call = function() nap() return 7 end}()"),
      (
        "__tostring",
        "return tonumber(tostring(meta{__tostring = function() nap() return '7' end}))"
      ),
      (
        "__pairs",
        "for k in pairs(meta{__pairs = function() nap() return next, {[7] = 1} end}) do return k end"
      ),
      ("__gc", "meta{__gc = function() nap() end} collectgarbage() return 7"),
      (
        "__close",
        "local r do local c <close> = meta{__close = function() nap() r = 7 end} end return r"
      ),
      (
        "__close after an error",
        """
        local r
        pcall(function() local c <close> = meta{__close = function() nap() r = 7 end} error() end)
        return r
        """
      ),
      (
        "__close of a loop",
        """
        local r
        local closer = meta{__close = function() nap() r = 7 end}
        for _ in function() return 1 end, nil, nil, closer do break end
        return r
        """
      ),
      (
        "__close of a coroutine that is closed",
        """
        local r
        local co = coroutine.create(function()
          local c <close> = meta{__close = function() nap() r = 7 end}
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)
        return r
        """
      ),
      ("an iterator", "for v in function() nap() return 7 end do return v end"),
      (
        "table.sort",
        "local t = {2, 1, 7} table.sort(t, function(a, b) nap() return a < b end) return t[3]"
      ),
      ("gsub", "return tonumber((('x'):gsub('x', function() nap() return '7' end)))"),
      ("the reader of load", "return load(function() nap() end) and 7"),
      (
        "a module's top level",
        """
        package.loaded.late = nil
        package.preload.late = function() nap() return {7} end
        return require("late")[1]
        """
      ),
      (
        "a coroutine that also yields",
        """
        local co = coroutine.wrap(function()
          nap()
          local a = coroutine.yield(1)
          nap()
          return a
        end)
        co()
        return co(7)
        """
      ),
      ("a task", "return task.spawn(function() nap() return 7 end):await()"),
    ])
  func everywhere(name: String, body: String) async throws {
    let results = try await runLua(
      """
      local function nap() assert(echo(1) == 1) end
      local function meta(m) return setmetatable({}, m) end
      local wrap = coroutine.wrap
      local function body() \(body) end
      local function deep() return wrap(function() return wrap(function() return wrap(body)() end)() end)() end
      local function inC(f)
        local r
        table.sort({1, 2}, function() r = f() return false end)
        return r
      end
      return body(), deep(), task.spawn(body):await(), task.spawn(deep):await(), inC(body), inC(deep),
        wrap(inC)(deep)
      """, with: ["echo": Host.echo])
    #expect(results == [7, 7, 7, 7, 7, 7, 7], "\(name)")
  }
}
