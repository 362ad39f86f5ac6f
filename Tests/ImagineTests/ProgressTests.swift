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
