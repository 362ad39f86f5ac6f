import Foundation
import ImagineTestSupport
import ImagineTesting
import PseudoTerminal
import Testing

@Suite("Progress and notices")
struct ProgressTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func environment(_ address: String) -> [String: String] {
    [
      "HOME": folder.path, "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
      "IMAGINE_BASE_URL": "\(address)/v2", "IMAGINE_TOKEN": "abc", "TERM": "xterm",
      "PATH": "/usr/bin:/bin",
    ]
  }

  @Test("a long call shows what it waits for; the line is gone before the script prints")
  func line() async throws {
    let (gate, opener) = AsyncStream.makeStream(of: Void.self)
    let stub = try await StubServer { _ in
      for await _ in gate { break }
      return .json(400, #"{"error":"no"}"#)
    }
    let terminal = try PseudoTerminal(
      Program.imagine.path, ["-e", "print(pcall(imagine.generate, 'a cat') and 'yes' or 'no')"],
      environment: environment(stub.address))
    var output = ""
    func read(until isReached: (String) -> Bool) {
      let end = ContinuousClock.now + .seconds(20)
      while !isReached(output), ContinuousClock.now < end,
        let bytes = terminal.read(within: 20_000)
      {
        output += String(decoding: bytes, as: UTF8.self)
      }
    }
    let line = "\r\u{1b}[Kgenerate \"a cat\" at imagine, "
    read { $0.contains(line) }
    #expect(output.contains(line), "\(output)")
    opener.yield()
    read { _ in false }
    #expect(terminal.end() == 0)
    #expect(output.hasSuffix("\r\u{1b}[Kno\r\n"), "\(output)")
    await stub.close()
  }

  @Test("a batch shows how many of its rows are done")
  func batch() async throws {
    try FileSystem.write("a\nb\nc\n", to: folder.file("rows.txt"))
    let (gate, opener) = AsyncStream.makeStream(of: Void.self)
    let stub = try await StubServer { _ in
      for await _ in gate { break }
      return .json(400, #"{"error":"no"}"#)
    }
    let terminal = try PseudoTerminal(
      Program.imagine.path,
      ["batch", folder.file("rows.txt"), "--out", folder.file("out"), "--concurrency", "1"],
      environment: environment(stub.address))
    var output = ""
    func read(until text: String) {
      let end = ContinuousClock.now + .seconds(20)
      while !output.contains(text), ContinuousClock.now < end,
        let bytes = terminal.read(within: 20_000)
      {
        output += String(decoding: bytes, as: UTF8.self)
      }
    }
    read(until: "\r\u{1b}[K0 of 3 done, ")
    opener.yield()
    read(until: "\r\u{1b}[K0 of 3 done, 1 failed, ")
    for _ in 0..<2 { opener.yield() }
    read(until: "has the report")
    #expect(output.contains("0 of 3 rows done;"), "\(output)")
    #expect(output.contains("\r\u{1b}[K0 of 3 done, 1 failed, "), "\(output)")
    #expect(terminal.end() == 1)
    await stub.close()
  }

  @Test("--quiet and IMAGINE_QUIET leave errors only on stderr", arguments: [true, false])
  func quiet(byOption: Bool) async throws {
    let stub = try await StubServer { _ in .json(400, #"{"error":"no"}"#) }
    func errors(_ script: String, isQuiet: Bool) async throws -> String {
      var variables = environment(stub.address)
      if isQuiet, !byOption { variables["IMAGINE_QUIET"] = "1" }
      let options = isQuiet && byOption ? ["--quiet"] : []
      return try await Program.imagine.run(
        options + ["-e", script], environment: variables, in: folder.path
      ).errors
    }
    let harmless = "pcall(imagine.generate, 'a cat')"
    #expect(try await errors(harmless, isQuiet: false).contains("provider imagine"))
    #expect(try await errors(harmless, isQuiet: true) == "")
    #expect(try await errors("imagine.generate 'a cat'", isQuiet: true).contains("no"))
    await stub.close()
  }
}
