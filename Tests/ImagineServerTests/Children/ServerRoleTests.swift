import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@testable import ImagineServer

/// The real program and its processes.
@Suite("The processes of a server", .serialized)
struct ServerRoleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func server(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> ServerProcess {
    try ServerProcess(
      ["--home", folder.file("home")] + arguments, environment: environment)
  }

  private func children(of server: ServerProcess) async throws -> [Int32] {
    _ = try await server.line()
    return try await eventually {
      let found = try SystemProcess.children(of: server, with: "engine-child")
      return found.isEmpty ? nil : found
    }
  }

  @Test("that draw know no key: not in arguments, environment or descriptors")
  func keys() async throws {
    let tokens = folder.file("tokens.toml")
    try FileSystem.write("[[token]]\ntoken = \"the-secret-token\"\n", to: tokens)
    chmod(tokens, 0o600)
    let server = try server(
      "--port", "0", "--tokens", tokens,
      environment: ["IMAGINE_TOKEN": "the-secret-key", "OPENAI_API_KEY": "the-secret-key"])
    for id in try await children(of: server) {
      // A program has its environment once it has been started.
      _ = try await eventually { SystemProcess.environment(of: id).contains("PATH=") ? true : nil }
      let words = SystemProcess.environment(of: id) + SystemProcess.commandLine(of: id)
      #expect(!words.contains("the-secret"))
      #expect(!words.contains(folder.path))
      // A library that the loader reads is closed again; an inherited descriptor stays.
      var inherited: [Int: String] = [:]
      _ = try? await eventually {
        inherited = try SystemProcess.descriptors(of: id).filter { number, link in
          link.contains(folder.path)
            || number <= 2
              && !(link.hasPrefix("socket:") || link.hasPrefix("pipe:") || link == "/dev/null")
        }
        return inherited.isEmpty ? true : nil
      }
      #expect(inherited.isEmpty)
      let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
      #expect(status.contains("NoNewPrivs:\t1"))
    }
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("that draw end with the server, however it ends")
  func endings() async throws {
    for signal in [SIGKILL, SIGTERM] {
      let server = try server("--port", "0")
      let id = try await server.submitVideo("waves")
      _ = try await server.status(id, until: ["processing"])
      let children = try await children(of: server)
      server.signal(signal)
      _ = await server.exit()
      for child in children {
        _ = try await eventually { SystemProcess.groupExists(child) ? nil : true }
      }
    }
  }

  @Test("are one on a private socket, unless children are asked for")
  func privateSocket() async throws {
    let path = folder.file("s")
    let alone = try server("--socket", path)
    _ = try await alone.line()
    #expect(try SystemProcess.children(of: alone, with: "engine-child").isEmpty)
    alone.signal(SIGTERM)
    #expect(await alone.exit() == 0)
    let divided = try server("--socket", path, "--engine", "children")
    #expect(try await !children(of: divided).isEmpty)
    divided.signal(SIGTERM)
    #expect(await divided.exit() == 0)
  }

  @Test("of the roles serve and work share a folder: one accepts a video, the other makes it")
  func roles() async throws {
    let serving = try server("--port", "0", "--role", "serve")
    let id = try await serving.submitVideo("waves")
    let working = try server("--role", "work")
    #expect(try await working.line() == "working")
    let video = try await serving.status(id, until: ["finished", "failed"])
    #expect(video["status"] as? String == "finished")
    #expect(working.finished == [id])
    #expect(serving.finished.isEmpty)
    let url = try #require((video["url"] as? [String: Any])?["generation"] as? String)
    #expect(VideoHeader(MediaSource(Array(try await serving.get(url)))) != nil)
    for server in [serving, working] {
      server.signal(SIGTERM)
      #expect(await server.exit() == 0)
    }
  }

  @Test("of the role work pass a video on when they are killed")
  func workersDeath() async throws {
    let serving = try server("--port", "0", "--role", "serve")
    let id = try await serving.submitVideo("waves at dusk")
    let first = try server("--role", "work")
    _ = try await serving.status(id, until: ["processing"])
    first.signal(SIGKILL)
    _ = await first.exit()
    let second = try server("--role", "work")
    let video = try await serving.status(id, until: ["finished", "failed"])
    #expect(video["status"] as? String == "finished")
    #expect(second.finished == [id])
    for server in [serving, second] {
      server.signal(SIGTERM)
      #expect(await server.exit() == 0)
    }
  }

  @Test("have options that exclude each other")
  func contradictions() async throws {
    for arguments in [
      ["--role", "work", "--socket", folder.file("s")], ["--role", "work", "--tokens", "t"],
      ["--role", "work", "--child"], ["--role", "other"], ["--engine", "elsewhere"],
    ] {
      let server = try ServerProcess(["--home", folder.file("home")] + arguments)
      #expect(await server.exit() != 0)
      #expect(server.log.contains(arguments[0]), "\(server.log)")
    }
  }
}
