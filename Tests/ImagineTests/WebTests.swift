import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("http: a script's own requests")
struct WebTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ script: String, _ options: [String] = [], _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    try FileSystem.write(script, to: folder.file("script.lua"))
    let keys = ["IMAGINE_TOKEN": "the-secret-token", "OPENAI_API_KEY": "the-secret-key"]
    return try await run(options + ["script.lua"], environment: keys.merging(environment) { $1 })
  }

  /// Runs a script, in which BASE is the address of a server that answers with what it was sent.
  private func withEcho(
    _ script: String, _ options: [String] = [], _ body: (Program.Outcome, StubServer) throws -> Void
  ) async throws {
    let echo = try await startEcho()
    let result: Result<Void, any Error>
    do {
      try body(await run(script.replacing("BASE", with: echo.address), options), echo)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await echo.close()
    try result.get()
  }

  /// Answers with what it was sent; some targets do something else.
  private func startEcho() async throws -> StubServer {
    try await StubServer { request in
      switch request.target {
      case "/teapot": return .full(status: 418, headers: ["X-Kind": "pot"], body: Array("tea".utf8))
      case "/hop": return .full(status: 302, headers: ["location": "/there?a=1"], body: [])
      case "/loop": return .full(status: 301, headers: ["location": "/loop"], body: [])
      case "/odd": return .full(status: 302, headers: ["location": "ftp://x/y"], body: [])
      case "/silent": return .silence
      case "/cut": return .cut(length: 100, body: Array("part".utf8))
      case "/large": return .full(status: 200, body: [UInt8](repeating: 120, count: 3 << 20))
      default:
        let headers = request.headers.map { "\($0.key): \($0.value)" }.sorted()
        return .full(
          status: 200,
          body: Array(
            ([request.method + " " + request.target] + headers + [""])
              .joined(separator: "\n").utf8) + request.body)
      }
    }
  }

  @Test("answers of any status are results, and no token goes anywhere")
  func answers() async throws {
    try await withEcho(
      #"""
      local http, base = require "http", "BASE"
      local pot = http.get(base .. "/teapot")
      print(pot.status, pot.headers["x-kind"], pot.body)
      print(http.get(base .. "/hop").body:match("^[^\n]*"))
      local answer = http.post(base .. "/a", { json = { b = { 1, "é" } }, headers = { ["X-Own"] = "1" } })
      print(answer.body:match("^[^\n]*"), answer.body:match("[^\n]*$"), answer.body:match("content%-type: (%S+)"),
        answer.body:match("x%-own: (%S+)"))
      answer = http.post(base .. "/a", { form = { ["a b"] = "ä&=", n = 3 } })
      print(answer.body:match("[^\n]*$"), answer.body:match("content%-type: (%S+)"))
      answer = http.post(base .. "/a", { body = "\0\xff", headers = { ["content-type"] = "x/y" } })
      print(answer.body:sub(-2) == "\0\xff", answer.body:match("content%-type: (%S+)"))
      print(http.post(base .. "/hop", {}).status, http.post(base .. "/b").body:match("^[^\n]*"))
      -- Several at the same time.
      print(#task.map({ 1, 2, 3 }, function(n) return http.get(base .. "/" .. n).body end))
      """#
    ) { outcome, echo in
      #expect(
        outcome.output == """
          418\tpot\ttea
          GET /there?a=1
          POST /a\t{"b":[1,"é"]}\tapplication/json\t1
          a%20b=%C3%A4%26%3D&n=3\tapplication/x-www-form-urlencoded
          true\tx/y
          302\tPOST /b
          3

          """, "\(outcome)")
      for request in echo.requests {
        #expect(!request.headers.values.contains { $0.contains("the-secret") })
        #expect(request.headers["authorization"] == nil)
        #expect(request.headers["user-agent"]?.hasPrefix("imagine/") == true)
        #expect(!request.headers.keys.contains { $0.hasPrefix("imagine-") })
      }
    }
  }

  @Test("no answer, and what cannot be sent, are errors with their kind")
  func faults() async throws {
    try await withEcho(
      #"""
      local http, base = require "http", "BASE"
      local function show(...)
        local ok, fault = pcall(...)
        print(ok or type(fault) == "string" and fault or fault.kind, ok or fault.charged or "",
          ok or fault.message:gsub("127%.0%.0%.1:%d+", "HOST"))
      end
      show(http.get, base .. "/silent", { timeout = 0.1 })
      show(http.get, base .. "/cut")
      show(http.get, base .. "/loop")
      show(http.get, base .. "/odd")
      show(http.get, "http://127.0.0.1:1/")
      show(http.get, "file:///etc/passwd")
      show(http.get, "http://user:pass@example.org/")
      show(http.get, "")
      show(http.get, 7)
      show(http.get, base, { headers = { ["X\r\nY"] = "1" } })
      show(http.get, base, { headers = { X = "1\r\nY: 2" } })
      show(http.get, base, { headers = { ["Imagine-Target"] = "x" } })
      show(http.get, base, { headers = { ["Transfer-Encoding"] = "chunked" } })
      show(http.get, base, { body = "x" })
      show(http.post, base, { json = 1, form = {} })
      show(http.post, base, { json = print })
      show(http.post, base, { form = { a = {} } })
      show(http.post, base, { timeout = -1 })
      show(task.timeout, 0.1, http.get, base .. "/silent")
      """#
    ) { outcome, _ in
      let lines = outcome.output.split(separator: "\n").map(String.init)
      let expected = [
        "timeout\tno\tGET http://HOST/silent: no whole answer within 0.1 seconds",
        "connection\tno\tGET http://HOST/cut: the connection broke",
        "bad_response\tno\tGET http://HOST/loop: more than 5 redirects",
        "bad_response\tno\tGET http://HOST/odd: the answer leads to ftp://x/y",
        "connection\tno\thttp://HOST/ cannot be reached",
        "validation\tno\tfile:///etc/passwd cannot",
        "validation\tno\thttp://example.org/ cannot", "validation\tno\t cannot be called",
        "validation\tno\tfield 'url'", "validation\tno\tfield 'headers'",
        "validation\tno\tfield 'headers.X'", "validation\tno\tfield 'headers'",
        "validation\tno\tfield 'headers'", "validation\tno\thttp.get: unknown field 'body'",
        "validation\tno\thttp: post has more than one of", "validation\tno\t",
        "validation\tno\thttp: field 'form'", "validation\tno\tfield 'timeout'", "timeout",
      ]
      #expect(lines.count == expected.count, "\(outcome)")
      for (line, words) in zip(lines, expected) {
        #expect(line.hasPrefix(words), "\(line) != \(words)")
      }
    }
  }

  @Test("an answer is bounded by the memory limit, which a script can catch")
  func bounded() async throws {
    try await withEcho(
      """
      local http = require "http"
      print(pcall(http.get, "BASE/large"))
      print(http.get("BASE/teapot").status)
      """, ["--memory", "2M"]
    ) { outcome, _ in
      #expect(outcome.output.contains("not enough memory\n418\n"), "\(outcome)")
    }
  }

  @Test("a redirect to another origin takes no header along but what says how to answer")
  func redirectedHeaders() async throws {
    let other = try await startEcho()
    let first = try await StubServer { _ in
      .full(status: 302, headers: ["location": "\(other.address)/there"], body: [])
    }
    let outcome = try await run(
      """
      require "http".get("\(first.address)/a", { headers = { ["X-Api-Key"] = "k", Authorization = "k",
        Accept = "text/plain", ["Accept-Language"] = "de" } })
      """)
    #expect(first.requests.first?.headers["x-api-key"] == "k", "\(outcome)")
    let headers = try #require(other.requests.first?.headers)
    #expect(headers["accept"] == "text/plain" && headers["accept-language"] == "de")
    #expect(!headers.values.contains("k"), "\(headers)")
    await first.close()
    await other.close()
  }

  @Test("requests go through the proxy of the environment")
  func proxied() async throws {
    let proxy = try await startEcho()
    let outcome = try await run(
      "print(require 'http'.get('http://example.invalid/x?y=1').body)", [],
      ["http_proxy": proxy.address])
    #expect(outcome.output.hasPrefix("GET http://example.invalid/x?y=1\n"), "\(outcome)")
    #expect(outcome.output.contains("host: example.invalid"))
    await proxy.close()
  }

  @Test("a plan runs no program and sends nothing but GET; a replay does both again")
  func planned() async throws {
    let echo = try await startEcho()
    let script = """
      local http, process, fs = require "imagine.http", require "process", require "fs"
      local posted = http.post("\(echo.address)/posted", { body = "x" })
      local done = process.run({ "touch", "touched" })
      print(posted.status, #posted.body > 0, done.code, done.out, http.get("\(echo.address)/teapot").status)
      for path in fs.watch(".") do if path:find("%.lua$") then break end end
      imagine.generate{ prompt = "a cat", seed = 1, provider = "local" }
      """
    try FileSystem.write(script, to: folder.file("script.lua"))
    let planned = try await Program.imagine.run(
      ["plan", "script.lua"],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    #expect(planned.status == 0 && planned.errors.contains("200\tfalse\t0\t\t418"), "\(planned)")
    #expect(echo.requests.map(\.method) == ["GET"] && !folder.files.contains("touched"))
    for options in [["--record", "a.recording"], ["--replay", "a.recording"]] {
      let outcome = try await run(script, options)
      #expect(outcome.output == "200\ttrue\t0\t\t418\n", "\(outcome)")
    }
    #expect(echo.requests.map(\.method) == ["GET", "POST", "GET", "POST", "GET"])
    #expect(folder.files.contains("touched"))
    await echo.close()
  }

  @Test("a plan knows the folders that it has not made, and checks what it does not do")
  func plannedChecks() async throws {
    let script = """
      local http, process, fs = require "http", require "process", require "fs"
      fs.mkdir("made/in")
      for path in fs.watch("made/in") do error(path) end
      print(fs.exists("made"), fs.info("made/in/").kind, #fs.list("made/in"), fs.exists("other"))
      for _, wrong in ipairs{
        { process.run, { "no-such-program" } }, { process.run, { "ls" }, { cdw = "" } },
        { http.post, "http://127.0.0.1:1", { headers = { Host = "x" } } }, { http.post, "ftp://x/" },
        { fs.watch, ".", { interval = 0 } }, { fs.watch, "made/in", 7 }, { fs.mkdir, 7 },
      } do
        local ok, fault = pcall(table.unpack(wrong))
        print(ok, type(fault) == "string" and fault or fault.message)
      end
      """
    try FileSystem.write(script, to: folder.file("script.lua"))
    let planned = try await run(["plan", "script.lua"])
    let lines = planned.errors.split(separator: "\n").map(String.init)
    let expected = [
      "true\tfolder\t0\tfalse", "not in a folder of PATH", "unknown field 'cdw'", "field 'headers'",
      "ftp://x/ cannot be called", "field 'interval'", "the options are a number", "path",
    ]
    #expect(planned.status == 0 && lines.count >= expected.count, "\(planned)")
    for (index, (line, words)) in zip(lines, expected).enumerated() {
      #expect(line.contains(words) && line.hasPrefix("false\t") == (index > 0), "\(line): \(words)")
    }
    #expect(!folder.files.contains("made"))
  }

  @Test("a program of process ends with the host, also by SIGKILL")
  func hostKilled() async throws {
    let script = """
      require "process".run{ "sh", "-c", "trap '' TERM; sleep 60 & echo $! > new; mv new id; wait" }
      """
    try FileSystem.write(script, to: folder.file("script.lua"))
    let host = try Program.imagine.start(
      ["script.lua"], environment: ["XDG_CONFIG_HOME": folder.path], in: folder.path)
    let hasBegun = await eventually { FileManager.default.fileExists(atPath: folder.file("id")) }
    #expect(hasBegun)
    host.send(SIGKILL)
    _ = await host.outcome()
    let text = try String(contentsOfFile: folder.file("id"), encoding: .utf8)
    let id = try #require(Int32(text.dropLast()))
    let hasEnded = await eventually { kill(id, 0) != 0 }
    #expect(hasEnded)
  }
}
