import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@testable import ImagineServer

@Suite("The end of the server program", .serialized)
struct ServerEndingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func server(
    _ arguments: String..., environment: [String: String] = [:], shell: String? = nil
  ) throws -> ServerProcess {
    try ServerProcess(
      ["--home", "\(folder.path)/home", "--port", "0"] + arguments, environment: environment,
      shell: shell)
  }

  @Test("does not fail a running video, even if it is killed often")
  func crashes() async throws {
    var server = try server()
    let id = try await server.submitVideo("waves at dusk")
    for _ in 0..<6 {
      _ = try await server.status(id, until: ["processing"])
      server.signal(SIGKILL)
      _ = await server.exit()
      server = try self.server()
    }
    let video = try await server.status(id, until: ["finished", "failed"])
    #expect(video["status"] as? String == "finished")
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/home/jobs/\(id)")
    #expect(left.count == 1)
    _ = try await eventually {
      try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/home/films").isEmpty
        ? true : nil
    }
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("comes at once with a second signal, and removes the socket file")
  func secondSignal() async throws {
    let socket = folder.file("s")
    let ffmpeg = folder.file("ffmpeg")
    try FileSystem.write("#!/bin/sh\nexec sleep 100\n", to: ffmpeg)
    chmod(ffmpeg, 0o700)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--socket", socket],
      environment: ["PATH": "\(folder.path):\(path)"])
    _ = try await server.line()
    let answer = try await ServerProcess.curl([
      "--unix-socket", socket, "http://localhost/v2/video/text-to-video", "-H",
      "Authorization: Bearer test", "-F", "prompt=waves", "-F", "style=fast-svd",
    ])
    #expect(answer.contains("processing"))
    _ = try await eventually { server.log.contains("making a video") ? true : nil }
    server.signal(SIGTERM)
    let start = ContinuousClock.now
    _ = try await eventually {
      server.signal(SIGTERM)
      return server.hasEnded ? true : nil
    }
    #expect((ContinuousClock.now - start).seconds < 50)
    #expect(!FileManager.default.fileExists(atPath: socket))
  }

  @Test("comes with SIGHUP, unless the signal is ignored, as under nohup")
  func hangUp() async throws {
    let ended = try server()
    _ = try await ended.address()
    ended.signal(SIGHUP)
    #expect(await ended.exit() == 0)
    let kept = try server(shell: "trap '' HUP")
    let address = try await kept.address()
    kept.signal(SIGHUP)
    #expect(try await ServerProcess.curl(["\(address)/healthz"]).contains("ok"))
    kept.signal(SIGTERM)
    #expect(await kept.exit() == 0)
  }

  @Test("does not come with SIGHUP if there is a token file, which is reloaded")
  func reload() async throws {
    let tokens = folder.file("tokens.toml")
    func write(_ text: String) throws {
      try FileSystem.write(text, to: tokens)
      chmod(tokens, 0o600)
    }
    try write("[[token]]\ntoken = \"alice\"\n")
    let server = try server("--tokens", tokens)
    let address = try await server.address()
    func code(_ token: String) async throws -> String {
      let answer = try await ServerProcess.curl([
        "\(address)/v2/video/x/status", "-H", "Authorization: Bearer \(token)",
      ])
      return String(answer.prefix { $0 != "," })
    }
    #expect(try await code("bob") == "{\"code\":1001")
    try write("[[token]]\ntoken = \"bob\"\n")
    server.signal(SIGHUP)
    _ = try await eventually { try await code("bob") == "{\"code\":1100" ? true : nil }
    #expect(try await code("alice") == "{\"code\":1001")
    try write("[[tokn]]\n")
    server.signal(SIGHUP)
    _ = try await eventually { server.log.contains("did you mean 'token'?") ? true : nil }
    #expect(try await code("bob") == "{\"code\":1100")
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }
}

@Suite("The environment of the server program", .serialized)
struct ServerSurroundingsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> (status: Int32, words: String) {
    let server = try ServerProcess(
      ["--home", folder.file("home")] + arguments, environment: environment)
    return (await server.exit(), server.log)
  }

  @Test("is reported if it prevents the start: the option, the file, the key, the port")
  func refusals() async throws {
    func expect(
      _ words: String..., from arguments: String...,
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let server = try ServerProcess(["--home", folder.file("home")] + arguments)
      #expect(await server.exit() != 0, sourceLocation: sourceLocation)
      for word in words {
        #expect(server.log.contains(word), "\(server.log)", sourceLocation: sourceLocation)
      }
    }
    func file(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
      try FileSystem.write(text, to: folder.file(name))
      chmod(folder.file(name), mode)
      return folder.file(name)
    }
    try await expect("--port must be 0 … 65535, not 70000", from: "--port", "70000")
    try await expect("--port must be 0 … 65535, not -1", from: "--port", "-1")
    try await expect("--port", "99999999999999999999", from: "--port", "99999999999999999999")
    try await expect("--rate must be 1", "not 0", from: "--rate", "0")
    try await expect("--rate must be 1", "not -5", from: "--rate", "-5")
    try await expect("--keep-days must be 1", "not 0", from: "--keep-days", "0")
    try await expect("--public-address", "https://", from: "--public-address", "images.example.org")
    try await expect("no model 'sdxl'", "flux-1", from: "--model-alias", "a=sdxl")
    try await expect("tokens.toml", "no such file", from: "--tokens", folder.file("tokens.toml"))
    try await expect("not a regular file", from: "--tokens", folder.path)
    try await expect(
      "chmod 600", from: "--tokens", file("open.toml", "[[token]]\ntoken = \"a\"\n", mode: 0o644))
    try await expect(
      "[[token]] 2", "did you mean 'balance'?", from: "--tokens",
      file("keys.toml", "[[token]]\ntoken = \"a\"\n[[token]]\ntoken = \"b\"\nbalanse = 1\n"))
    try await expect("line 2", from: "--tokens", file("bad.toml", "[[token]]\ntoken = \n"))
    for value in ["nan", "inf", "1e300", "-1", "9223372036854775807", "\"x\"", "[]"] {
      try await expect(
        "[[token]] 1", "'balance'", from: "--tokens",
        file("n.toml", "[[token]]\ntoken = \"a\"\nbalance = \(value)\n"))
      try await expect(
        "[[fault]] 1", "'delay'", from: "--rehearse",
        file("d.toml", "[[fault]]\nroute = \"/healthz\"\ndelay = \(value)\n"))
    }
    try await expect(
      "there is no route '/v2/image/generation'", "did you mean '/v2/image/generations'?",
      from: "--rehearse",
      file("r.toml", "[[fault]]\nroute = \"/v2/image/generation\"\nstatus = 500\n"))
    try await expect(
      "answers POST, not GET", from: "--rehearse",
      file("m.toml", "[[fault]]\nroute = \"/x/convert\"\nmethod = \"GET\"\nstatus = 500\n"))
    try await expect(
      "did you mean 'route'?", from: "--rehearse", file("k.toml", "[[fault]]\nroutes = \"/\"\n"))
    let first = try ServerProcess(["--home", folder.file("home"), "--port", "0"])
    let port = try await first.address().split(separator: ":").last.map(String.init) ?? ""
    try await expect("port \(port)", "another program", "--port", from: "--port", port)
    first.signal(SIGTERM)
    #expect(await first.exit() == 0)
  }

  @Test("with a pipe as token file or key is an error at once")
  func pipes() async throws {
    let pipe = folder.file("pipe")
    mkfifo(pipe, 0o600)
    let tokens = try await refusal("--tokens", pipe, "--port", "0")
    #expect(tokens.status != 0)
    #expect(tokens.words.contains("not a regular file"))
    try FileManager.default.createDirectory(
      atPath: folder.file("home"), withIntermediateDirectories: true)
    try? FileManager.default.removeItem(atPath: folder.file("home/media.key"))
    mkfifo(folder.file("home/media.key"), 0o600)
    let key = try await refusal("--port", "0")
    #expect(key.status != 0)
    #expect(key.words.contains("media.key"))
  }

  @Test("without ffmpeg is reported to a client that requests a video, before it is accepted")
  func noEncoder() async throws {
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0"], environment: ["PATH": folder.path])
    let answer = try await ServerProcess.curl([
      "\(try await server.address())/v2/video/text-to-video", "-H", "Authorization: Bearer test",
      "-F", "prompt=waves", "-F", "style=fast-svd",
    ])
    #expect(answer.contains("\"code\":1206"))
    #expect(answer.contains("ffmpeg"))
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("with few descriptors leaves a reserve for work, however many connections open")
  func descriptors() async throws {
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0"], shell: "ulimit -n 64")
    let address = try await server.address()
    let working = try await RawConnection(to: address)
    var held: [RawConnection] = []
    for _ in 0..<100 { held.append(try await RawConnection(to: address)) }
    #expect(try server.resources().descriptors < 60)
    var ids: Set<String> = []
    for _ in 0..<3 { ids.insert(try await server.submitVideo("waves")) }
    #expect(ids.count == 3)
    for id in ids {
      #expect(
        try await server.status(id, until: ["finished", "failed"])["status"] as? String
          == "finished")
    }
    try await working.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    withExtendedLifetime(held) {}
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test("gets no control characters in the log, whatever a client sends")
  func log() async throws {
    let server = try ServerProcess(["--home", folder.file("home"), "--port", "0"])
    let address = try await server.address()
    let escape = "\u{1b}]0;x\u{7}\u{9b}\u{202e}"
    let part = "--q\r\nContent-Disposition: form-data; name=\"\(escape)\"\r\n\r\n1\r\n"
    let body = part + part + "--q--\r\n"
    for text in [
      "POST /v2/image/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Content-Type: multipart/form-data; boundary=q\r\nConnection: close\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)",
      "GET /v1/models/%1b%5b31m HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Connection: close\r\n\r\n",
      "GET /v2/video/%0a%1b/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        + "Connection: close\r\n\r\n",
    ] {
      let connection = try await RawConnection(to: address)
      try await connection.write(text)
      #expect(try await connection.readToEnd().hasPrefix("HTTP/1.1 4"))
    }
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
    #expect(server.log.contains("given twice"))
    #expect(server.log.contains("\\u{1B}"))
    #expect(!server.log.unicodeScalars.contains { $0 != "\n" && $0.isUnprintable })
  }
}
