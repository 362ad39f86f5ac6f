import ImagineAPI
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Lua
import Testing

@Suite("A Swift program runs scripts in a host")
struct ScriptHostTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func makeHost(_ address: String) -> ScriptHost {
    var configuration = ScriptHost.Configuration(
      service: .address("\(address)/v2", token: "abc"),
      environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    return ScriptHost(configuration)
  }

  private func error(of host: ScriptHost, _ source: String) async throws -> LuaError {
    try #require(
      await #expect(throws: LuaError.self) { try await host.run(source, name: "=script") })
  }

  @Test("the error of a script has the error of the failed call as its cause")
  func causes() async throws {
    let service = try await StubServer { _ in
      .json(400, #"{"code":1100,"message":"no cats","name":"BadRequest"}"#)
    }
    let host = makeHost(service.address)
    let calls = [
      ("imagine.generate{prompt = 'a cat'}", ImagineError.Kind.validation),
      ("task.map({1, 2}, function() imagine.generate{prompt = 'a cat'} end)", .validation),
      ("imagine.open '/nonexistent.png'", .io),
      ("imagine.generate{prmpt = 'a cat'}", .validation),
      ("imagine.provider 'nobody'", .validation),
    ]
    for (source, kind) in calls {
      let error = try await error(of: host, source)
      #expect((error.underlying as? ImagineError)?.kind == kind, "\(source): \(error)")
    }
    host.close()
    await service.close()
  }

  @Test("os.exit in a script does not end the program")
  func exit() async throws {
    let service = try await StubServer { _ in .json(400, "{}") }
    let host = makeHost(service.address)
    _ = try await error(of: host, "os.exit(7)")
    host.close()
    await service.close()
  }
}
