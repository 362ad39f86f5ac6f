import ImagineTestSupport
import ImagineTesting
import Testing

/// Only optimised builds ever returned a wrong order: set `IMAGINE_PROGRAM` to a release build.
@Suite("Images of one call keep the order of their seeds")
struct OrderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("images that arrive in another order are sorted, also in resumed and replayed runs")
  func images() async throws {
    // The last image that was requested arrives first.
    let service = try await StubServer { request in
      let seed = (50...57).last { request.text.contains("\r\n\($0)\r\n") } ?? 50
      try? await Task.sleep(for: .milliseconds((57 - seed) * 20))
      return .full(status: 200, body: TinyImage.png(with: "\(seed)"))
    }
    try FileSystem.write(
      """
      local list = imagine.generate{ prompt = "x", seed = 50, n = 8 }
      for _, image in ipairs(list) do print(image.seed, image:data():sub(-2)) end
      if arg[1] == "fail" then error("stop", 0) end
      """, to: folder.file("list.lua"))
    let environment = [
      "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
      "IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc",
    ]
    let wanted = (50...57).map { "\($0)\t\($0)\n" }.joined()
    for arguments in [
      ["list.lua", "fail"], ["--resume", "list.lua", "fail"], ["--record", "r.rec", "list.lua"],
      ["--replay", "r.rec", "list.lua"],
    ] {
      let outcome = try await Program.imagine.run(
        arguments, environment: environment, in: folder.path)
      #expect(outcome.output == wanted, "\(arguments): \(outcome.output) \(outcome.errors)")
    }
    #expect(service.requests.count == 16)
    await service.close()
  }
}
