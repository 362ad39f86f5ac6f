import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A token file")
struct TokenListTests {
  @Test("gives each token its balance, expiry and rate")
  func reading() throws {
    let digest = Authentication.digest(of: "bob")
    let list = try TokenList(
      toml: """
        [[token]]
        token = "alice"
        balance = 100
        rate = 60

        [[token]]
        sha256 = "\(digest.uppercased())"
        expires = 2001-09-09T03:46:40+02:00

        [[token]]
        token = "carl"
        expires = 2001-09-09
        """)
    #expect(
      list.entries == [
        Authentication.digest(of: "alice"): .init(balance: 100, callsPerMinute: 60),
        digest: .init(expires: 1_000_000_000),
        Authentication.digest(of: "carl"): .init(expires: 999_993_600),
      ])
  }

  @Test(
    "with a mistake is refused with a message that names it",
    arguments: [
      ("", "no [[token]]"), ("[[token]]", "'token' and 'sha256'"),
      ("[[token]]\ntoken = \"a\"\nbalanse = 3", "balanse"),
      ("[[token]]\ntoken = \"a\"\nbalance = -1", "balance"),
      ("[[token]]\ntoken = \"a\"\nexpires = \"soon\"", "expires"),
      ("[[token]]\nsha256 = \"abc\"", "sha256"),
      ("[[token]]\ntoken = \"a\"\n[[token]]\ntoken = \"a\"", "twice"),
      ("[token]\ntoken = \"a\"", "[[token]]"), ("tokens = 1", "tokens"), ("= 1", "line 1"),
    ])
  func faults(text: String, word: String) {
    let fault = #expect(throws: SettingsError.self) { try TokenList(toml: text) }
    #expect(fault?.description.contains(word) == true, "\(fault?.description ?? "")")
  }

  @Test("is refused if others may read it")
  func mode() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/tokens.toml"
    try Data("[[token]]\ntoken = \"a\"\n".utf8).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o640)
    #expect(throws: SettingsError.self) { try TokenList(file: path) }
    chmod(path, 0o600)
    #expect(try TokenList(file: path).entries.count == 1)
  }
}

@Suite("An account")
struct AccountTests {
  private let form = FormWriter(["prompt": "a cat", "style": "anime"])

  private func authentication(_ entries: [String: TokenList.Entry]) -> Authentication {
    .listed(
      TokenList(
        entries: Dictionary(
          uniqueKeysWithValues: entries.map { (Authentication.digest(of: $0.key), $0.value) })))
  }

  private func expect(
    _ server: RunningServer, _ token: String?, _ status: Int, _ code: Int,
    headers: [(String, String)] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let answer = try await server.send(.get, "/v2/video/x/status", token: token, headers: headers)
    #expect(answer.status == status, sourceLocation: sourceLocation)
    #expect(answer.code == code, sourceLocation: sourceLocation)
  }

  @Test("is identified by its token: missing 1000, unknown 1001, expired 1002")
  func tokens() async throws {
    try await RunningServer.with {
      $0.authentication = authentication(["alice": .init(), "old": .init(expires: 1)])
    } _: { server in
      try await expect(server, nil, 400, 1000)
      try await expect(server, nil, 400, 1000, headers: [("Authorization", "Basic YTpi")])
      try await expect(server, nil, 400, 1000, headers: [("Authorization", "Bearer ")])
      try await expect(server, "eve", 401, 1001)
      try await expect(server, "old", 406, 1002)
      try await expect(server, "alice", 404, 1100)
      try await expect(server, nil, 404, 1100, headers: [("Authorization", "bearer  alice")])
    }
  }

  @Test("pays the style's price for an image, and nothing for a failure")
  func balances() async throws {
    try await RunningServer.with {
      $0.authentication = authentication(["alice": .init(balance: 12)])
    } _: { server in
      func left() async throws -> Int64? {
        try await server.store.balance(of: Authentication.digest(of: "alice"))
      }
      let path = "/v2/image/generations"
      #expect(try await server.post(path, form, token: "alice").status == 200)
      #expect(try await left() == 7)
      let faulty = FormWriter(["prompt": "a cat", "style": "nothing"])
      #expect(try await server.post(path, faulty, token: "alice").status == 400)
      let crash = FormWriter(["prompt": "crash", "style": "anime"])
      #expect(try await server.post(path, crash, token: "alice").status == 500)
      #expect(try await left() == 7)
      #expect(try await server.post(path, form, token: "alice").status == 200)
      let refused = try await server.post(path, form, token: "alice")
      #expect(refused.status == 402)
      #expect(refused.code == 1101)
      #expect(try await left() == 2)
      let turbo = FormWriter(["prompt": "a cat", "style": "imagine-turbo"])
      #expect(try await server.post(path, turbo, token: "alice").status == 200)
      #expect(try await left() == 1)
      let video = try await server.post(
        "/v2/video/text-to-video", FormWriter(["prompt": "waves", "style": "fast-svd"]),
        token: "alice")
      #expect(video.code == 1101)
    }
  }

  @Test("runs as many calls at once as its balance covers, and no more")
  func concurrency() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      $0.authentication = authentication(["alice": .init(balance: 23)])
    } _: { server in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<16 {
          group.addTask {
            try await server.post("/v2/image/generations", form, token: "alice").status
          }
        }
        return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(statuses == [200: 4, 402: 12])
      #expect(engine.painted.withLock { $0 } == 4)
      #expect(try await server.store.balance(of: Authentication.digest(of: "alice")) == 3)
    }
  }

  @Test("is limited to its rate, and is told when the next call may start")
  func rate() async throws {
    try await RunningServer.with {
      $0.authentication = authentication(["alice": .init(callsPerMinute: 2), "bob": .init()])
    } _: { server in
      let path = "/v2/image/generations"
      for _ in 0..<2 { #expect(try await server.post(path, form, token: "alice").status == 200) }
      let refused = try await server.post(path, form, token: "alice")
      #expect(refused.status == 429)
      #expect(refused.code == 1202)
      #expect(refused.headers["x-ratelimit-limit"] == "2")
      #expect(refused.headers["retry-after"].flatMap { Int($0) }.map((1...30).contains) == true)
      #expect(try await server.post(path, form, token: "bob").status == 200)
      #expect(try await server.send(.get, "/v1/models", token: "alice").status == 200)
    }
  }

  @Test("regains its calls evenly over time")
  func refill() throws {
    let clock = TestClock(0)
    let limit = RateLimit(now: { clock.seconds })
    for _ in 0..<60 { try limit.count("a", limit: 60) }
    let refusal = #expect(throws: APIError.self) { try limit.count("a", limit: 60) }
    #expect(refusal?.retryAfter == 1)
    clock.seconds = 2.5
    for _ in 0..<2 { try limit.count("a", limit: 60) }
    #expect(throws: APIError.self) { try limit.count("a", limit: 60) }
  }
}
