import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@testable import ImagineServer

/// The real program, because its output and its running server are the subject.
@Suite("The token command", .serialized)
struct StoredTokenTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs a command beside the servers on the folder.
  private func run(_ arguments: String...) async throws -> (status: Int32, out: String, err: String)
  {
    let process = try ServerProcess(arguments + ["--home", folder.file("home")])
    let status = await process.exit()
    return (status, process.outputText, process.log)
  }

  @Test("finds the data folder that the settings of a server name; --home goes before")
  func settings() async throws {
    let file = folder.file("server.toml")
    try FileSystem.write("home = \"data\"\n", to: file)
    let added = try ServerProcess(["token", "add", "bob", "--settings", file])
    #expect(await added.exit() == 0, "\(added.log)")
    #expect(FileManager.default.fileExists(atPath: folder.file("data/server.sqlite")))
    let listed = try ServerProcess(["token", "list", "--settings", file])
    #expect(await listed.exit() == 0 && listed.outputText.hasPrefix("bob\t"))
    let jobs = try ServerProcess(["jobs", "list", "--settings", file])
    #expect(await jobs.exit() == 0, "\(jobs.log)")
    let elsewhere = try await run("token", "list", "--settings", file)
    #expect(elsewhere.status == 0 && !elsewhere.out.contains("bob"))
    let missing = try ServerProcess(["jobs", "list", "--settings", folder.file("other.toml")])
    #expect(await missing.exit() != 0 && missing.log.contains("other.toml"))
  }

  private func code(_ address: String, _ token: String) async throws -> String {
    let answer = try await ServerProcess.curl([
      "\(address)/v2/video/x/status", "-H", "Authorization: Bearer \(token)",
    ])
    return String(answer.prefix { $0 != "," })
  }

  @Test("makes a token that a running server takes, beside a file's, until it is revoked")
  func life() async throws {
    let tokens = folder.file("tokens.toml")
    try FileSystem.write("[[token]]\ntoken = \"filed\"\n", to: tokens)
    chmod(tokens, 0o600)
    let server = try ServerProcess([
      "--home", folder.file("home"), "--port", "0", "--tokens", tokens,
    ])
    let address = try await server.address()
    let added = try await run("token", "add", "alice", "--balance", "12", "--rate", "60")
    #expect(added.status == 0, "\(added.err)")
    let token = added.out.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(token.hasPrefix("imagine_") && token.count == 72)
    #expect(try await code(address, token) == "{\"code\":1100")
    #expect(try await code(address, "filed") == "{\"code\":1100")
    #expect(try await code(address, "other") == "{\"code\":1001")
    func paint() async throws -> String {
      try await ServerProcess.curl([
        "\(address)/v2/image/generations", "-H", "Authorization: Bearer \(token)", "-F",
        "prompt=a cat", "-F", "style=anime", "-o", "/dev/null", "-w", "%{http_code}",
      ])
    }
    for status in ["200", "200", "402"] { #expect(try await paint() == status) }
    #expect(try await run("token", "grant", "alice", "20").status == 0)
    #expect(try await paint() == "200")
    let row = try await run("token", "list").out.split(
      separator: "\t", omittingEmptySubsequences: false)
    #expect(row.prefix(6) == ["alice", "valid", "20", "5", "0", "60"])
    #expect(try await run("token", "revoke", "alice").status == 0)
    _ = try await eventually { try await code(address, token) == "{\"code\":1001" ? true : nil }
    let json = try await run("token", "list", "--json").out
    let list = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    #expect(list.first?["state"] as? String == "revoked")
    #expect(list.first?["sha256"] as? String == Authentication.digest(of: token))
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
    // The token is nowhere in the data directory.
    for name in ["server.sqlite", "server.sqlite-wal"] {
      let data = try? Data(contentsOf: URL(fileURLWithPath: folder.file("home/\(name)")))
      #expect(data?.range(of: Data(token.dropFirst(8).utf8)) == nil)
    }
  }

  @Test("makes a server accept known tokens only, and lets it be reached from elsewhere")
  func closing() async throws {
    let open = try ServerProcess([
      "--home", folder.file("home"), "--host", "0.0.0.0", "--port", "0",
    ])
    #expect(await open.exit() != 0)
    #expect(open.log.contains("token add"))
    let token = try await run("token", "add", "alice", "--expires", "2001-01-31").out
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let server = try ServerProcess([
      "--home", folder.file("home"), "--host", "0.0.0.0", "--port", "0",
    ])
    let port = try await server.address().split(separator: ":").last ?? ""
    #expect(try await code("http://127.0.0.1:\(port)", "any") == "{\"code\":1001")
    #expect(try await code("http://127.0.0.1:\(port)", token) == "{\"code\":1002")
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test(
    "refuses what it cannot do, in words",
    arguments: [
      (["add", "alice"], "already"), (["grant", "bob", "5"], "no token for 'bob'"),
      (["grant", "alice", "1000000001"], "0 … 1000000000"), (["revoke", "bob"], "token list"),
      (["add", "x", "--rate", "0"], "--rate must be"), (["add", ""], "1 to 200 bytes"),
      (["add", "x", "--expires", "soon"], "expires"), (["add", "x", "--balance", "-1"], "balance"),
    ])
  func refusals(arguments: [String], words: String) async throws {
    _ = try await run("token", "add", "alice")
    let process = try ServerProcess(["token"] + arguments + ["--home", folder.file("home")])
    #expect(await process.exit() != 0)
    #expect(process.log.contains(words), "\(process.log)")
  }

  @Test("of jobs lists them, cancels one and queues it again, beside a running server")
  func jobs() async throws {
    let ffmpeg = folder.file("ffmpeg")
    try FileSystem.write("#!/bin/sh\nexec sleep 100\n", to: ffmpeg)
    chmod(ffmpeg, 0o700)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0"],
      environment: ["PATH": "\(folder.path):\(path)"])
    let id = try await server.submitVideo("waves")
    _ = try await server.status(id, until: ["processing"])
    let row = try await run("jobs", "list", "--state", "processing").out.split(separator: "\t")
    #expect(row.first.map(String.init) == id && row.dropFirst().first == "processing")
    #expect(try await run("jobs", "cancel", id).status == 0)
    let failed = try await server.status(id, until: ["failed"])
    #expect((failed["error"] as? String)?.contains("cancelled") == true)
    // The worker learns it from its next renewal and takes the job once more.
    #expect(try await run("jobs", "requeue", id).status == 0)
    _ = try await server.status(id, until: ["processing"])
    #expect(try await run("jobs", "requeue", "none").err.contains("no unfinished or failed job"))
    #expect(try await run("jobs", "list", "--state", "failed").out.isEmpty)
    let json = try await run("jobs", "list", "--json").out
    let list = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
    #expect(list?.first?["id"] as? String == id)
    server.signal(SIGTERM)
    _ = await server.exit()
  }
}
