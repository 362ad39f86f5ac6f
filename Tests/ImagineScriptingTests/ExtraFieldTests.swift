import ImagineAPI
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Lua
import Testing

@Suite("Fields of extra reach the service with their types")
struct ExtraFieldTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @discardableResult
  private func run(_ script: String, _ stub: StubServer) async throws -> [LuaValue] {
    var configuration = ScriptHost.Configuration(
      service: .address("\(stub.address)/v2", token: "abc"),
      environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    return try await ScriptHost.withHost(configuration) { host in
      try await host.run(
        """
        local json = require "json"
        local studio = imagine.provider{ kind = "openai", base_url = "\(stub.address)/v1", model = "m" }
        \(script)
        """, reading: { $1 })
    }
  }

  @Test("lists, tables, null and floats are written as they are in the script")
  func body() async throws {
    let stub = try await StubServer { _ in .json(500, "{}") }
    try await run(
      """
      pcall(studio.generate, { prompt = "x", retries = 0, extra = {
        loras = { { name = "ink", weight = 0.5 }, { name = "wash" } }, steps = 7, scale = 7.0,
        none = json.null, empty = {}, object = json.object{}, list = json.array{},
      } })
      """, stub)
    let body = try #require(stub.requests.first?.text)
    #expect(
      body == #"{"empty":[],"list":[],"loras":[{"name":"ink","weight":0.5},{"name":"wash"}],"#
        + #""model":"m","none":null,"object":{},"prompt":"x","scale":7.0,"steps":7}"#)
    await stub.close()
  }

  @Test("7 and 7.0 are different calls, and each is found again by its own key")
  func keys() async throws {
    let stub = try await StubServer { _ in
      .full(status: 200, body: TinyImage.png)
    }
    try await run(
      """
      for _, steps in ipairs{ 7, 7.0, "7" } do
        imagine.generate{ prompt = "x", seed = 1, cache = true, extra = { steps = steps } }
        imagine.generate{ prompt = "x", seed = 1, cache = true, extra = { steps = steps } }
      end
      """, stub)
    #expect(stub.requests.count == 3)
    await stub.close()
  }

  @Test(
    "a value that no service can get is refused by its name, and nothing is sent",
    arguments: [
      ("local t = {} t.t = t", "t", "contains itself"),
      (
        "local t = {} local inner = t for _ = 1, 40 do inner.a = {} inner = inner.a end", "t",
        "deeper"
      ),
      ("local t = print", "t", "a function"), ("local t = { 0/0 }", "t", "finite"),
      ("local t = '\\xff'", "t", "UTF-8"), ("local t = { [1.5] = 1 }", "t", "names"),
    ])
  func refused(script: String, value: String, message: String) async throws {
    let stub = try await StubServer { _ in .json(500, "{}") }
    let results = try await run(
      """
      \(script)
      local ok, fault = pcall(studio.generate, { prompt = "x", extra = { a = \(value) } })
      return ok, fault.kind, tostring(fault)
      """, stub)
    #expect(results.first == .boolean(false) && results[1] == .string("validation"))
    #expect(results[2].text?.contains(message) == true, "\(results[2])")
    #expect(stub.requests.isEmpty)
    await stub.close()
  }
}
