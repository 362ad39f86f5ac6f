import Foundation
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// Checks that a paid answer is kept when a later step fails.
@Suite("A paid answer is neither lost nor paid for again")
struct KeptAnswerTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ arguments: [String], _ variables: [String: String]
  ) async throws -> Program.Outcome {
    var environment = variables
    environment["IMAGINE_HOME"] = folder.file("home")
    environment["XDG_CONFIG_HOME"] = folder.path
    return try await Program.imagine.run(arguments, environment: environment, in: folder.path)
  }

  /// An OpenAI-style service that answers with the address of an image, which may be missing.
  private func makeService(_ isAvailable: @escaping @Sendable () -> Bool) async throws -> StubServer
  {
    let files = try await StubServer { _ in
      isAvailable() ? .full(status: 200, body: TinyImage.png) : .json(404, "{}")
    }
    return try await StubServer { [address = files.address] _ in
      .json(200, #"{"created":1,"data":[{"url":"\#(address)/x.png"}]}"#)
    }
  }

  private static let generateAndSave = """
    local ok, fault = pcall(imagine.generate, { prompt = "x", model = "m", provider = "openai" })
    if not ok then print(fault.kind, fault.charged, fault.retryable) error(fault, 0) end
    print(fault:save("out.png"))
    """

  @Test("a resumed run downloads images that were generated and not downloaded")
  func downloaded() async throws {
    let isAvailable = Mutex(false)
    let service = try await makeService { isAvailable.withLock { $0 } }
    try FileSystem.write(Self.generateAndSave, to: folder.file("a.lua"))
    let environment = ["OPENAI_BASE_URL": service.address]
    let first = try await run(["a.lua"], environment)
    #expect(first.output == "not_found\tyes\tfalse\n", "\(first.errors)")
    let again = try await run(["--resume", "a.lua"], environment)
    #expect(again.output == "not_found\tyes\tfalse\n", "\(again.errors)")
    isAvailable.withLock { $0 = true }
    let resumed = try await run(["--resume", "a.lua"], environment)
    #expect(resumed.output == "out.png\n", "\(resumed.errors)")
    #expect(service.requests.count == 1)
    await service.close()
  }

  @Test("an answer with missing or broken images is an error that contains the others")
  func fewer() async throws {
    let image = Data(TinyImage.png).base64EncodedString()
    let service = try await StubServer { _ in
      .json(
        200, #"{"data":[{"b64_json":"\#(image)"},{"b64_json":"bm9uZQ=="},{"url":"data:,x"}]}"#)
    }
    try FileSystem.write(
      """
      local call = { prompt = "x", model = "m", provider = "openai", n = 3 }
      local ok, fault = pcall(imagine.generate, call)
      print(ok, fault.kind, fault.charged, #fault.results, fault.results[1].width)
      print(fault.message)
      error("the end", 0)
      """, to: folder.file("a.lua"))
    let environment = ["OPENAI_BASE_URL": service.address]
    let first = try await run(["a.lua"], environment)
    #expect(
      first.output == """
        false\tbad_response\tyes\t1\t2
        POST /images/generations: the answer holds 1 of 3 images\n
        """, "\(first.errors)")
    #expect(try await run(["--resume", "a.lua"], environment).output == first.output)
    #expect(service.requests.count == 1)
    await service.close()
  }

  @Test("images whose addresses are gone are generated again with --on-uncertain retry")
  func dead() async throws {
    let service = try await makeService { false }
    try FileSystem.write(Self.generateAndSave, to: folder.file("a.lua"))
    let environment = ["OPENAI_BASE_URL": service.address]
    _ = try await run(["a.lua"], environment)
    let resumed = try await run(["--resume", "--on-uncertain", "retry", "a.lua"], environment)
    #expect(resumed.status == 1)
    #expect(service.requests.count == 2)
    await service.close()
  }

  @Test("a download that breaks off does not generate the image again")
  func broken() async throws {
    let files = try await StubServer { _ in .close }
    let service = try await StubServer { [address = files.address] _ in
      .json(200, #"{"created":1,"data":[{"url":"\#(address)/x.png"}]}"#)
    }
    let outcome = try await run(["-e", Self.generateAndSave], ["OPENAI_BASE_URL": service.address])
    #expect(outcome.output == "connection\tyes\tfalse\n", "\(outcome.errors)")
    #expect(service.requests.count == 1)
    await service.close()
    await files.close()
  }

  @Test("an answer that could not be stored counts as paid and is not retried without consent")
  func unkept() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    try FileSystem.write(
      """
      local ok, fault = pcall(imagine.generate, { prompt = "x", seed = 1 })
      print(ok and "ok" or fault.kind, not ok and fault.charged, imagine.spent().tokens)
      if not ok then error(fault, 0) end
      """, to: folder.file("a.lua"))
    let environment = ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc"]
    // Storing fails because the store's folder is a file.
    try FileSystem.write("", to: folder.file("home/assets"))
    let first = try await run(["a.lua"], environment)
    #expect(first.output == "io\tyes\t1\n", "\(first.errors)")
    try FileManager.default.removeItem(atPath: folder.file("home/assets"))
    let resumed = try await run(["--resume", "a.lua"], environment)
    #expect(resumed.output == "uncertain\tyes\t1\n", "\(resumed.errors)")
    #expect(service.requests.count == 1)
    let retried = try await run(["--resume", "--on-uncertain", "retry", "a.lua"], environment)
    #expect(retried.output == "ok\tfalse\t2\n", "\(retried.errors)")
    await service.close()
  }

  @Test(
    "a stored image that is missing or truncated is generated again with --on-uncertain retry",
    arguments: [true, false])
  func missing(isGone: Bool) async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    try FileSystem.write(
      """
      imagine.generate{ prompt = "x", seed = 1 }:save("out.png")
      if not arg[1] then error("stop", 0) end
      """, to: folder.file("a.lua"))
    let environment = ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc"]
    _ = try await run(["a.lua"], environment)
    let assets = folder.file("home/assets")
    if isGone {
      try FileManager.default.removeItem(atPath: assets)
    } else {
      for name in try FileManager.default.subpathsOfDirectory(atPath: assets)
      where name.hasSuffix(".png") {
        try Data(TinyImage.png.dropLast(9)).write(to: URL(filePath: "\(assets)/\(name)"))
      }
    }
    let resumed = try await run(["--resume", "a.lua"], environment)
    #expect(resumed.errors.contains("--on-uncertain retry"), "\(resumed.errors)")
    #expect(service.requests.count == 1)
    let retried = try await run(["--resume", "--on-uncertain", "retry", "a.lua"], environment)
    #expect(retried.errors.contains("stop"), "\(retried.errors)")
    #expect(service.requests.count == 2)
    await service.close()
  }

  @Test("a cached answer whose image is missing is not paid for again without consent")
  func missingFromCache() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let script = #"imagine.generate{ prompt = "x", seed = 1, cache = true }:save("out.png")"#
    try FileSystem.write(script, to: folder.file("first.lua"))
    try FileSystem.write("\(script) error('stop', 0)", to: folder.file("second.lua"))
    let environment = ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc"]
    #expect(try await run(["first.lua"], environment).status == 0)
    #expect(try await run(["second.lua"], environment).errors.contains("stop"))
    #expect(service.requests.count == 1)
    try FileManager.default.removeItem(atPath: folder.file("home/assets"))
    let resumed = try await run(["--resume", "second.lua"], environment)
    #expect(resumed.errors.contains("--on-uncertain retry"), "\(resumed.errors)")
    #expect(service.requests.count == 1)
    await service.close()
  }

  @Test("a key that a service repeats is redacted from errors and from the journal")
  func repeatedKey() async throws {
    let service = try await StubServer { request in
      .json(
        401,
        #"{"code":1001,"error":"\#(request.headers["authorization"] ?? "")","message":"bad: \#(request.headers["authorization"] ?? "")"}"#
      )
    }
    let outcome = try await run(
      [
        "--verbose", "-e",
        """
        local ok, fault = pcall(imagine.generate, "x")
        print(fault.name, fault.message, imagine.history()[1].error)
        """,
      ], ["IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "secret-token-1"])
    #expect(outcome.output.contains("bad: Bearer sec…"), "\(outcome.errors)")
    #expect(!(outcome.output + outcome.errors).contains("secret-token-1"))
    for file in ["journal.sqlite", "journal.sqlite-wal"] {
      guard let data = FileManager.default.contents(atPath: folder.file("home/\(file)")) else {
        continue
      }
      #expect(data.range(of: Data("secret-token-1".utf8)) == nil)
    }
    await service.close()
  }
}
