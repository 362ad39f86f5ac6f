import Foundation
import HostStore
import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import Testing

/// Runs the example program as a user does: it is killed, and run again until it ends.
@Suite("A workflow of a Swift program is paid for once")
struct WorkflowExampleTests {
  let folder: TemporaryFolder
  static let example = Program(named: "workflow-example", variable: "IMAGINE_EXAMPLE_PROGRAM")

  init() throws {
    folder = try TemporaryFolder()
    for name in ["drawings", "output"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
    }
  }

  private func run(
    _ example: String, home: String = "home", _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    let standard = [
      "EXAMPLE": example, "IMAGINE_HOME": folder.file(home), "OUTPUT": folder.file("output"),
      "XDG_CONFIG_HOME": folder.path, "IMAGINE_RANDOM_SEED": "7,11", "IMAGINE_RESUME": "1",
    ]
    return try await Self.example.run(
      [], environment: standard.merging(environment) { $1 }, in: folder.path)
  }

  private func calls(home: String = "home") throws -> [JournaledCall] {
    let database = JournalDatabase(path: folder.file("\(home)/journal.sqlite"))
    let journal = SQLiteJournal(
      database: database, locks: folder.file("\(home)/runs"), dailyLimit: { nil })
    return try journal.calls(of: nil, limit: nil)
  }

  /// The number of drawings that the service has billed.
  private func drawings() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("drawings"))
      .count { $0.hasSuffix(".gif") }
  }

  private var output: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.file("output")).sorted()
    }
  }

  @Test(
    "a call with a ticket is found again after a crash at any change of the journal",
    arguments: [
      "intent:2", "sent:1", "sent:2", "sent:3", "accepted:1", "accepted:3", "stored:2", "done:1",
    ])
  func tickets(kill: String) async throws {
    let environment = ["DRAWINGS": folder.file("drawings"), "TICKETS": "1"]
    let first = try await run("drawings", environment.merging(["KILL_AT": kill]) { $1 })
    #expect(first.status == 128 + SIGKILL, "\(first.output)\(first.errors)")
    let second = try await run("drawings", environment)
    #expect(second.status == 0, "\(second.output)\(second.errors)")
    #expect(second.output.contains("spent 3 calls, 6 tokens"), "\(second.output)")
    #expect(try drawings() == 3)
    #expect(try output == ["drawing-0.gif", "drawing-1.gif", "drawing-2.gif"])
    #expect(try calls().allSatisfy { $0.isAnswered && $0.sends.count == 1 })
  }

  @Test(
    "a call without a ticket is never sent twice without being asked for",
    arguments: ["intent:2", "sent:2", "stored:2", "done:1"])
  func withoutTickets(kill: String) async throws {
    let environment = ["DRAWINGS": folder.file("drawings")]
    let first = try await run("drawings", environment.merging(["KILL_AT": kill]) { $1 })
    #expect(first.status == 128 + SIGKILL)
    let billed = try drawings()
    let second = try await run("drawings", environment)
    let isUncertain = try calls().contains(where: \.isUncertain)
    #expect((second.status == 1) == isUncertain, "\(second.output)\(second.errors)")
    if isUncertain {
      #expect(second.output.contains("may have been paid for"), "\(second.output)")
      let third = try await run("drawings", environment.merging(["ON_UNCERTAIN": "retry"]) { $1 })
      #expect(third.status == 0, "\(third.output)\(third.errors)")
    }
    let sends = try calls().reduce(0) { $0 + $1.sends.count }
    #expect(try drawings() <= sends && drawings() >= max(3, billed))
    #expect(try output.count == 3)
  }

  @Test("a script of the program has its module and gives it a typed result, also when resumed")
  func sheet() async throws {
    let environment = ["DRAWINGS": folder.file("drawings"), "TICKETS": "1"]
    let first = try await run("sheet", environment.merging(["KILL_AT": "stored:1"]) { $1 })
    #expect(first.status == 128 + SIGKILL, "\(first.output)\(first.errors)")
    let second = try await run("sheet", environment)
    #expect(
      second.output.contains(#"Page(subject: "two animals", width: 1)"#),
      "\(second.output)\(second.errors)")
    #expect(try drawings() == 2)
  }

  @Test("a provider of the program's own is recorded, replayed and planned by its profile")
  func recorded() async throws {
    let environment = ["DRAWINGS": folder.file("drawings"), "TICKETS": "1", "IMAGINE_RESUME": "0"]
    let recording = folder.file("drawings.recording")
    let first = try await run("drawings", environment.merging(["RECORD": recording]) { $1 })
    #expect(first.status == 0, "\(first.output)\(first.errors)")
    let replayed = try await run(
      "drawings", home: "other", ["REPLAY": recording, "IMAGINE_RESUME": "0"])
    #expect(replayed.status == 0, "\(replayed.output)\(replayed.errors)")
    let planned = try await run(
      "drawings", home: "third", environment.merging(["PLAN": "1"]) { $1 })
    #expect(planned.output.contains("planned 3 calls, [\"tokens\": 6.0]"), "\(planned.output)")
    #expect(try drawings() == 3)
  }

  @Test(
    "ten images, edits and a video are charged once, and the journal is that of the same script",
    arguments: ["sent:4", "accepted:1"])
  func postcards(kill: String) async throws {
    try FileSystem.write("paint = \"card\"\n", to: folder.file("plan.toml"))
    let server = try Program.server.start(
      ["--port", "0", "--home", folder.file("server"), "--rehearse", folder.file("plan.toml")])
    defer { server.send(SIGKILL) }
    let line = try #require(await server.firstLine { $0.contains("http://") })
    let base = String(try #require(line.split(separator: " ").first { $0.hasPrefix("http://") }))
    var environment = ["IMAGINE_BASE_URL": "\(base)/v2", "IMAGINE_TOKEN": "swift"]
    let first = try await run("postcards", environment.merging(["KILL_AT": kill]) { $1 })
    #expect(first.status == 128 + SIGKILL, "\(first.output)\(first.errors)")
    let retry = ["ON_UNCERTAIN": "retry"]
    let second = try await run("postcards", environment.merging(retry) { $1 })
    #expect(second.status == 0, "\(second.output)\(second.errors)")
    #expect(try await charges("swift", at: base) == 13)
    #expect(try output == ["postcard.mp4", "postcard.png"])

    environment["IMAGINE_TOKEN"] = "lua"
    environment["IMAGINE_HOME"] = folder.file("lua")
    environment["IMAGINE_RANDOM_SEED"] = "7,11"
    environment["XDG_CONFIG_HOME"] = folder.path
    try FileSystem.write(Self.script, to: folder.file("postcards.lua"))
    let lua = try await Program.imagine.run(
      ["postcards.lua"], environment: environment, in: folder.path)
    #expect(lua.status == 0, "\(lua.errors)")
    #expect(try await charges("lua", at: base) == 13)
    let (ours, theirs) = (try calls().map(Row.init), try calls(home: "lua").map(Row.init))
    #expect(ours == theirs)
  }

  /// What a journaled call must have in common with the same call of a script.
  private struct Row: Equatable {
    let key: CallKey
    let provider: String
    let request: RequestDescription
    let isAnswered: Bool
    let price: Price?
    let results: [String]

    init(_ call: JournaledCall) {
      key = call.key
      provider = call.provider
      request = call.request
      isAnswered = call.isAnswered
      price = call.price
      // Videos are not byte for byte the same.
      results = call.job == nil ? call.results.map(\.sha256) : []
    }
  }

  private static let script = """
    local boats = {}
    for number = 1, 10 do
      boats[number] = imagine.generate{ prompt = "a red boat, number " .. number, seed = number }
    end
    local cut = boats[1]:remove_background()
    local placed = cut:add_background{ prompt = "a calm sea at dawn", seed = 3 }
    placed:animate("the boat sails away"):wait{ timeout = 120 }
    """

  private func charges(_ token: String, at base: String) async throws -> Int {
    let answer = try await Program(path: "/usr/bin/env").run([
      "curl", "-s", "\(base)/x/rehearsal", "-H", "Authorization: Bearer \(token)",
    ])
    let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    return try #require((json as? [String: Any])?["charges"] as? Int)
  }
}
