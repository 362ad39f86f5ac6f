import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("A saved image shows its request, and rerun generates it again")
struct ProvenanceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ arguments: [String], at stub: StubServer? = nil, home: String = "home"
  ) async throws -> Program.Outcome {
    var variables = [
      "IMAGINE_HOME": folder.file(home), "XDG_CONFIG_HOME": folder.file("home"),
    ]
    if let stub {
      variables["IMAGINE_BASE_URL"] = "\(stub.address)/v2"
      variables["IMAGINE_TOKEN"] = "secret-token"
    }
    return try await Program.imagine.run(arguments, environment: variables, in: folder.path)
  }

  /// A service that answers each route with a different image.
  private func makeService() async throws -> StubServer {
    try await StubServer { request in
      .full(
        status: 200, headers: ["content-type": "image/png"],
        body: TinyImage.png(with: request.target))
    }
  }

  /// The fields of a multipart body, without the boundary.
  private func fields(_ request: StubServer.Request) -> [String] {
    let parts = request.text.components(separatedBy: "\r\n")
    return zip(parts, parts.dropFirst(2)).compactMap { head, value in
      head.contains("name=\"") && !head.contains("filename") ? "\(head) \(value)" : nil
    }
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
  }

  @Test("show prints the request, provider and price, and the file contains no token")
  func shown() async throws {
    let stub = try await makeService()
    let generated = try await run(
      [
        "-e",
        """
        imagine.generate{prompt = "a cat\\n\\27[2Jin space", style = "anime", seed = 7,
          extra = {strength = 0.5, webhook = "https://example.com/?s=1"}}:save("cat.png")
        """,
      ], at: stub)
    #expect(generated.status == 0, "\(generated.errors)")
    let shown = try await run(["show", "cat.png"])
    #expect(
      shown.output.hasPrefix(
        """
        cat.png\tpng, 2x1
        operation\tgenerate
        prompt\ta cat
        \t\\u{1B}[2Jin space
        style\tanime
        aspect_ratio\t1:1
        seed\t7
        extra.strength\t0.5
        provider\timagine
        price\t5 tokens
        run\t
        """))
    #expect(shown.output.contains("left out\textra.webhook\n"))
    let json = try await run(["show", "cat.png", "--json"]).output
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    let metadata = try #require(object?["metadata"] as? [String: Any])
    #expect(metadata["prompt"] as? String == "a cat\n\u{1B}[2Jin space")
    let file = String(decoding: try bytes("cat.png"), as: UTF8.self)
    #expect(!file.contains("secret-token") && !file.contains("example.com"))
    #expect(!file.contains(stub.address))
    await stub.close()
  }

  /// The metadata of an image, without its run.
  private func metadataWithoutRun(_ name: String) async throws -> String {
    let json = try await run(["show", name, "--json"]).output
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    var metadata = try #require(object?["metadata"] as? [String: Any])
    #expect(metadata.removeValue(forKey: "run") != nil)
    let text = try JSONSerialization.data(withJSONObject: metadata, options: .sortedKeys)
    return String(decoding: text, as: UTF8.self)
  }

  @Test("rerun sends the same request with the input from the asset store")
  func rerun() async throws {
    let stub = try await makeService()
    let generated = try await run(
      [
        "-e",
        """
        local cat = imagine.generate{prompt = "a cat", seed = 7}
        cat:save("cat.png")
        cat:add_background{prompt = "a table", seed = 9}:save("ad.png")
        """,
      ], at: stub)
    #expect(generated.status == 0, "\(generated.errors)")
    for name in ["cat", "ad"] {
      let again = try await run(
        ["rerun", "\(name).png", "-o", "new/\(name).png", "--yes"], at: stub)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output == "new/\(name).png\n")
      #expect(try await metadataWithoutRun("\(name).png") == metadataWithoutRun("new/\(name).png"))
    }
    let requests = stub.requests
    try #require(requests.count == 4)
    #expect(fields(requests[0]) == fields(requests[2]) && fields(requests[0]).count == 4)
    #expect(fields(requests[1]) == fields(requests[3]))
    #expect(requests[3].target == requests[1].target)

    let elsewhere = try await run(
      ["rerun", "ad.png", "-o", "x.png", "--yes"], at: stub, home: "other")
    #expect(elsewhere.status == 1)
    #expect(elsewhere.errors.contains("the input image 'image' is not in the asset store"))
    await stub.close()
  }

  @Test("show prints the run, and the script if the journal has it")
  func script() async throws {
    let stub = try await makeService()
    try FileSystem.write(
      "imagine.generate{prompt = 'a cat', seed = 7}:save(arg[1])", to: folder.file("draw.lua"))
    let generated = try await run(["draw.lua", "cat.png"], at: stub)
    #expect(generated.status == 0, "\(generated.errors)")
    let shown = try await run(["show", "cat.png"]).output
    #expect(shown.contains("\nrun\t") && shown.contains("/draw.lua cat.png\n"))
    let elsewhere = try await run(["show", "cat.png"], home: "other").output
    #expect(elsewhere.contains("\nrun\t") && !elsewhere.contains("draw.lua"))
    await stub.close()
  }

  @Test("rerun sends nothing without --yes, over an existing file or to an unknown provider")
  func refused() async throws {
    let stub = try await makeService()
    _ = try await run(["-e", "imagine.generate{prompt = 'a cat'}:save('cat.png')"], at: stub)
    let unasked = try await run(["rerun", "cat.png", "-o", "new.png"], at: stub)
    #expect(unasked.status == 64)
    #expect(unasked.errors.contains("provider\timagine, 1 tokens"))
    #expect(unasked.errors.contains("--yes"))
    let over = try await run(["rerun", "cat.png", "-o", "cat.png", "--yes"], at: stub)
    #expect(over.status == 1)
    #expect(over.errors.contains("cat.png exists; --force replaces it"))
    let stranger = try await run(
      ["rerun", "cat.png", "-o", "new.png", "--yes", "--provider", "\(stub.address)/v2"], at: stub)
    #expect(stranger.status == 1)
    #expect(stranger.errors.contains("one of: local, imagine"))
    #expect(stub.requests.count == 1)
    await stub.close()
  }

  @Test("rerun refuses a foreign image that names a path or an invalid request")
  func hostile() async throws {
    let requests = [
      #"{"operation":"upscale","fields":{"image":"/etc/passwd"}}"#,
      #"{"operation":"upscale","pictures":{"image":"../../../../etc/passwd"}}"#,
      #"{"operation":"video","fields":{"prompt":"a cat"}}"#,
      #"{"operation":"\u001b[2J","fields":{}}"#,
    ]
    let stub = try await makeService()
    for request in requests {
      let json = #"{"request":\#(request),"provider":"imagine","width":2,"height":1}"#
      try Data(Self.png(keyword: "imagine", json)).write(
        to: URL(fileURLWithPath: folder.file("evil.png")))
      let outcome = try await run(["rerun", "evil.png", "-o", "new.png", "--yes"], at: stub)
      #expect(outcome.status == 1)
      #expect(!outcome.errors.contains("\u{1B}"))
    }
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test("show prints the texts of a foreign image as untrusted, with escaped control characters")
  func foreign() async throws {
    try Data(Self.png(keyword: "parameters", "a dog\n\u{9B}2JSteps: 20, Sampler: Euler a")).write(
      to: URL(fileURLWithPath: folder.file("dog.png")))
    let shown = try await run(["show", "dog.png"])
    #expect(
      shown.output == """
        dog.png\tpng, 2x1
        It contains no request of imagine's. Its texts, from an unknown source (not trusted):
        parameters\ta dog
        \t\\u{9B}2JSteps: 20, Sampler: Euler a

        """)
    let json = try await run(["show", "dog.png", "--json"]).output
    #expect(json.contains("untrusted_texts") && !json.contains("\u{9B}"))
    let again = try await run(["rerun", "dog.png", "-o", "new.png", "--yes"])
    #expect(again.status == 1)
    #expect(again.errors.contains("dog.png contains no request of imagine's"))
  }

  /// A tiny image with a text chunk, as another program writes it.
  private static func png(keyword: String, _ text: String) -> [UInt8] {
    let data = Array("iTXt\(keyword)".utf8) + [0, 0, 0, 0, 0] + Array(text.utf8)
    var checksum: UInt32 = 0xFFFF_FFFF
    for byte in data {
      checksum ^= UInt32(byte)
      for _ in 0..<8 {
        checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1
      }
    }
    let chunk =
      withUnsafeBytes(of: UInt32(data.count - 4).bigEndian, Array.init) + data
      + withUnsafeBytes(of: (~checksum).bigEndian, Array.init)
    return Array(TinyImage.png[..<33]) + chunk + TinyImage.png[33...]
  }
}
