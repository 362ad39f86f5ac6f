import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Testing

@testable import ImagineServer

/// The real program, because these tests are about processes.
@Suite("The gateway program", .serialized)
struct GatewayProcessTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String) throws {
    try FileSystem.write(text, to: folder.file("server.toml"))
  }

  private func server(_ arguments: String...) throws -> ServerProcess {
    try ServerProcess(["serve", folder.file("server.toml"), "--port", "0"] + arguments)
  }

  private func submit(_ style: String, to server: ServerProcess) async throws -> String {
    let answer = try await ServerProcess.curl([
      "\(try await server.address())/v2/video/text-to-video", "-H", "Authorization: Bearer test",
      "-F", "prompt=waves", "-F", "style=\(style)",
    ])
    let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
    return try #require(object?["id"] as? String, "\(answer)")
  }

  @Test(
    "after SIGKILL asks for a video by its ticket; one that was sent without an answer ends as uncertain"
  )
  func death() async throws {
    let known = try await VideoUpstream(thumbnail: nil)
    let silent = try await VideoUpstream { _ in .silence }
    try write(
      "home = \"home\"\n" + known.settings("styles = [\"known\"]", name: "known")
        + silent.settings("styles = [\"silent\"]", name: "silent"))
    let first = try server()
    let (video, lost) = (
      try await submit("known", to: first), try await submit("silent", to: first)
    )
    _ = try await eventually {
      known.questions(about: "job-1") > 0 && silent.submissions == 1 ? true : nil
    }
    first.signal(SIGKILL)
    _ = await first.exit()
    known.finishAll()
    let second = try server()
    let done = try await second.status(video, until: ["finished", "failed"])
    #expect(done["status"] as? String == "finished", "\(done)")
    let urls = done["url"] as? [String: Any]
    let bytes = try await second.get(try #require(urls?["generation"] as? String))
    #expect(Array(bytes) == SampleMedia.mp4)
    // ffmpeg took the picture.
    let picture = try await second.get(try #require(urls?["thumbnail"] as? String))
    #expect(Array(picture.prefix(2)) == [0xFF, 0xD8])
    let failed = try await second.status(lost, until: ["finished", "failed"])
    #expect((failed["error"] as? String)?.contains("cannot know") == true, "\(failed)")
    #expect(known.submissions == 1 && silent.submissions == 1)
    second.signal(SIGTERM)
    #expect(await second.exit() == 0)
  }

  @Test("stops with a video at the upstream, and the next one goes on with it")
  func restart() async throws {
    let upstream = try await VideoUpstream()
    try write("home = \"home\"\n" + upstream.settings("styles = [\"s\"]"))
    let first = try server()
    let id = try await submit("s", to: first)
    _ = try await eventually { upstream.questions(about: "job-1") > 0 ? true : nil }
    first.signal(SIGTERM)
    #expect(await first.exit() == 0)
    upstream.finishAll()
    let second = try server()
    _ = try await second.status(id, until: ["finished"])
    #expect(upstream.submissions == 1 && upstream.deleted.isEmpty)
    second.signal(SIGTERM)
    #expect(await second.exit() == 0)
  }

  @Test("reloads upstreams and tokens on SIGHUP; a broken file leaves all as it was")
  func reload() async throws {
    let stub = try await UpstreamStub()
    let tokens = folder.file("tokens.toml")
    func writeTokens(_ token: String) throws {
      try FileSystem.write("[[token]]\ntoken = \"\(token)\"\n", to: tokens)
      chmod(tokens, 0o600)
    }
    let head = "home = \"home\"\ntokens_file = \"tokens.toml\"\n"
    try write(head)
    try writeTokens("alice")
    let server = try server()
    let address = try await server.address()
    func models(_ token: String) async throws -> String {
      try await ServerProcess.curl(["\(address)/v1/models", "-H", "Authorization: Bearer \(token)"])
    }
    #expect(try await !models("alice").contains("\"m\""))
    try write(head + stub.settings("models = [\"m\"]"))
    try writeTokens("bob")
    server.signal(SIGHUP)
    _ = try await eventually { try await models("bob").contains("\"m\"") ? true : nil }
    #expect(try await models("alice").contains("invalid_api_key"))
    let answer = try await ServerProcess.curl([
      "\(address)/v1/images/generations", "-H", "Authorization: Bearer bob", "-H",
      "Content-Type: application/json", "-d", #"{"model":"m","prompt":"a"}"#,
    ])
    #expect(answer.contains("/media/") && stub.requests.count == 1, "\(answer)")
    try write(head + stub.settings("models = [\"n\"]\ncapcity = 1"))
    try writeTokens("carl")
    server.signal(SIGHUP)
    _ = try await eventually { server.log.contains("did you mean 'capacity'?") ? true : nil }
    #expect(try await models("bob").contains("\"m\""))
    #expect(try await models("carl").contains("invalid_api_key"))
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("takes its address from the file, and options before it")
  func settings() async throws {
    try write("home = \"home\"\nsocket = \"s\"\nlog_level = \"debug\"\n")
    let onSocket = try ServerProcess([folder.file("server.toml")])
    #expect(try await onSocket.line().contains("http+unix://"))
    onSocket.signal(SIGTERM)
    #expect(await onSocket.exit() == 0)
    let onPort = try server()
    #expect(try await onPort.address().hasPrefix("http://127.0.0.1:"))
    onPort.signal(SIGTERM)
    #expect(await onPort.exit() == 0)
    try write("prot = 1")
    let refused = try server()
    #expect(await refused.exit() != 0)
    #expect(refused.log.contains("did you mean 'port'?"), "\(refused.log)")
  }

  @Test("check asks the database, and changes nothing in it")
  func checkOfDatabase() async throws {
    let server = try PostgresServer.shared.get()
    let database = try server.makeDatabase()
    let path = folder.file("server.toml")
    try write("database = \"\(server.url(of: database))\"")
    let empty = try await Program.server.run(["check", path])
    #expect(empty.status == 0 && empty.output.contains("fine\tdatabase\t"), "\(empty)")
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    #expect(server.sql(tables, in: database) == "0")
    try write("database = \"\(server.url(of: "nobody"))\"")
    let missing = try await Program.server.run(["check", path])
    #expect(missing.status == 1 && missing.output.contains("problem\tdatabase\t"), "\(missing)")
  }

  @Test("check says what is wrong with each upstream, and exits with 1 then")
  func check() async throws {
    let good = try await UpstreamStub(models: ["m", "n"])
    let gone = try await UpstreamStub()
    let goneLines = gone.settings("models = [\"m\"]", name: "gone")
    await gone.close()
    let path = folder.file("server.toml")
    try write(good.settings("models = [\"m\"]", name: "good"))
    let fine = try await Program.server.run(["check", path])
    #expect(fine.status == 0 && fine.output.contains("models: m, n"), "\(fine)")
    try write(
      good.settings("models = [\"x\"]", name: "lacking") + goneLines
        + good.settings("models = [\"m\"]\ntoken_env = \"NO_SUCH_KEY\"", name: "keyless")
        + "[[upstream]]\nname = \"program\"\nkind = \"command\"\noperations = [\"generate\"]\n"
        + "generate = [\"no-such-program\", \"{output}\"]\n")
    let wrong = try await Program.server.run(["check", path])
    #expect(wrong.status == 1)
    for words in [
      "problem\tlacking\tit has no model 'x'", "problem\tgone\t", "cannot be reached",
      "problem\tkeyless\t", "set NO_SUCH_KEY", "not found: no-such-program",
    ] {
      #expect(wrong.output.contains(words), "\(words): \(wrong.output)")
    }
    try write("[[upstream]]\nnme = \"a\"")
    let broken = try await Program.server.run(["check", path])
    #expect(broken.status == 1 && broken.output.contains("name"), "\(broken.output)")
  }
}
