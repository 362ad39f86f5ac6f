import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@testable import ImagineServer

/// The real program, because these tests are about processes.
@Suite("The server program", .serialized)
struct ServerProcessTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func server(_ arguments: String...) throws -> ServerProcess {
    try ServerProcess(["--home", "\(folder.path)/home", "--port", "0"] + arguments)
  }

  @Test("prints its address, and shuts down in order on SIGTERM and SIGINT")
  func signals() async throws {
    for signal in [SIGTERM, SIGINT] {
      let server = try server()
      #expect(try await server.address().hasPrefix("http://127.0.0.1:"))
      server.signal(signal)
      #expect(await server.exit() == 0)
    }
  }

  @Test("finishes the job of a killed server once, after its lease has expired")
  func takeover() async throws {
    let first = try server()
    let id = try await first.submitVideo("waves at dusk")
    _ = try await first.status(id, until: ["processing"])
    first.signal(SIGKILL)
    _ = await first.exit()
    let second = try server()
    let video = try await second.status(id, until: ["finished", "failed"])
    #expect(video["status"] as? String == "finished")
    let url = try #require((video["url"] as? [String: Any])?["generation"] as? String)
    let bytes = try await second.get(url)
    #expect(bytes.count > 1000)
    #expect(String(decoding: bytes[4..<8], as: UTF8.self) == "ftyp")
    second.signal(SIGTERM)
    #expect(await second.exit() == 0)
    #expect(second.log.contains("attempt=2"))
    #expect(first.finished.isEmpty)
    #expect(second.finished == [id])
  }

  @Test("shares a data directory with others, and every video is finished exactly once")
  func sharing() async throws {
    let servers = [try server(), try server()]
    var ids: [String] = []
    for number in 0..<4 { ids.append(try await servers[number % 2].submitVideo("video \(number)")) }
    for id in ids {
      let video = try await servers[1].status(id, until: ["finished", "failed"])
      #expect(video["status"] as? String == "finished")
    }
    for server in servers {
      server.signal(SIGTERM)
      #expect(await server.exit() == 0)
    }
    #expect((servers[0].finished + servers[1].finished).sorted() == ids.sorted())
    #expect(!servers[0].log.contains("attempt=2"))
  }

  @Test("releases its lease when it stops, so that the next server continues at once")
  func release() async throws {
    let first = try server()
    let id = try await first.submitVideo("waves at dusk")
    _ = try await first.status(id, until: ["processing"])
    first.signal(SIGTERM)
    #expect(await first.exit() == 0)
    let second = try server()
    _ = try await second.status(id, until: ["finished"])
    second.signal(SIGTERM)
    _ = await second.exit()
    #expect(!second.log.contains("attempt=2"))
  }

  @Test("accepts only its parent's token as a child, and ends with the parent's pipe")
  func child() async throws {
    let socket = "\(folder.path)/s"
    let server = try ServerProcess(
      ["--child", "--socket", socket, "--home", "\(folder.path)/home"], input: "secret\n")
    let line = try await server.line()
    #expect(line == "ready http+unix://\(socket.replacing("/", with: "%2F"))")
    let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
    #expect(mode.map { $0 & 0o077 } == 0)
    for (token, code) in [("secret", "1100"), ("other", "1001")] {
      let answer = try await ServerProcess.curl([
        "--unix-socket", socket, "-H", "Authorization: Bearer \(token)",
        "http://localhost/v2/video/none/status",
      ])
      #expect(answer.contains("\"code\":\(code)"))
    }
    let rival = try ServerProcess(["--socket", socket, "--home", "\(folder.path)/home"])
    #expect(await rival.exit() != 0)
    #expect(rival.log.contains("another server"))
    server.closeInput()
    #expect(await server.exit() == 0)
    #expect(!FileManager.default.fileExists(atPath: socket))
  }

  @Test("refuses a public address without a token list")
  func exposure() async throws {
    let open = try server("--host", "0.0.0.0")
    #expect(await open.exit() != 0)
    #expect(open.log.contains("--tokens"))
    let tokens = "\(folder.path)/tokens.toml"
    try Data("[[token]]\ntoken = \"alice\"\n".utf8).write(to: URL(fileURLWithPath: tokens))
    chmod(tokens, 0o600)
    let closed = try server("--host", "0.0.0.0", "--tokens", tokens)
    #expect(try await closed.address().hasPrefix("http://0.0.0.0:"))
    closed.signal(SIGTERM)
    #expect(await closed.exit() == 0)
  }

  @Test("serves curl calls as on the vendor's pages")
  func curl() async throws {
    let server = try server()
    let address = try await server.address()
    func image(_ prompt: String, _ style: String, _ seed: String) async throws -> Data {
      let path = "\(folder.path)/\(UUID().uuidString).png"
      _ = try await ServerProcess.curl([
        "--location", "--request", "POST", "\(address)/v2/image/generations",
        "--header", "Authorization: Bearer test", "--form", "prompt=\"\(prompt)\"",
        "--form", "style=\"\(style)\"", "--form", "aspect_ratio=\"1:1\"",
        "--form", "seed=\"\(seed)\"", "-o", path,
      ])
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    let prompt = "A futuristic cityscape at night with neon lights"
    let first = try await image(prompt, "anime", "5")
    #expect(ImageHeader(first)?.size == PixelSize(width: 1024, height: 1024))
    #expect(try await image(prompt, "anime", "5") == first)
    #expect(try await image(prompt, "anime", "6") != first)
    #expect(try await image(prompt, "realistic", "5") != first)
    #expect(try await image("A village at dawn", "anime", "5") != first)
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("does every operation on images with the built-in engine")
  func operations() async throws {
    let server = try server()
    let address = try await server.address()
    let mask = "\(folder.path)/mask.png"
    func call(_ path: String, _ form: String...) async throws -> ImageHeader? {
      let output = "\(folder.path)/out.png"
      try? FileManager.default.removeItem(atPath: output)
      _ = try await ServerProcess.curl(
        ["\(address)\(path)", "-H", "Authorization: Bearer test", "-o", output]
          + form.flatMap { ["--form", $0] })
      let file = try? Data(contentsOf: URL(fileURLWithPath: output))
      return ImageHeader(try #require(file, "\(path): \(server.log)"))
    }
    func keep(_ name: String) throws -> String {
      let path = "\(folder.path)/\(name)"
      try FileManager.default.moveItem(atPath: "\(folder.path)/out.png", toPath: path)
      return path
    }
    _ = try await call(
      "/v2/image/generations", "prompt=a red fox on a hill", "style=realistic", "seed=1")
    let large = try keep("large.png")
    _ = try await call("/x/convert", "image=@\(large)", "width=256", "height=256")
    let image = try keep("image.png")
    var letter = BilevelImage(size: PixelSize(width: 256, height: 256))
    letter.write("#", left: 96, top: 96, scale: 8)
    try Data(letter.png(colors: (background: [0, 0, 0], ink: [255, 255, 255]), texts: []))
      .write(to: URL(fileURLWithPath: mask))
    let size = PixelSize(width: 256, height: 256)
    let png = try await call("/v2/image/generations/transparent", "prompt=a red fox", "seed=1")
    #expect(png?.size == PixelSize(width: 1024, height: 1024))
    #expect(try await call("/v2/image/background/remover", "image=@\(image)")?.size == size)
    #expect(
      try await call("/v2/image/enhance", "image=@\(image)")?.size
        == PixelSize(width: 512, height: 512))
    #expect(
      try await call(
        "/v2/image/edits/generative-fill", "prompt=a tree", "image=@\(image)", "mask=@\(mask)")?
        .size == size)
    #expect(
      try await call("/v2/image/edits/remove", "image=@\(image)", "mask=@\(mask)")?.size == size)
    let wide = try await call(
      "/v2/image/edits/ai-resize", "image=@\(image)", "aspect_ratio=16:9")
    #expect(wide.map { Double($0.size.width) / Double($0.size.height) > 1.7 } == true)
    #expect(
      try await call(
        "/v2/image/generations/ai-background", "prompt=a table", "image=@\(image)", "seed=2")
        != nil)
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }
}
