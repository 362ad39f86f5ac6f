import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// A chain of two services with prices, each of which answers as a test says.
@Suite("A chain asks the next provider only where nothing was paid")
struct ChainTests: ScriptTrial {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What a service does with its next calls; the last of them is repeated.
  enum Behaviour: String {
    case image
    /// Refused without a charge.
    case refusal
    /// The connection closes without an answer.
    case lost
  }

  /// The services of one test.
  private struct Services {
    let first: StubServer
    let second: StubServer

    /// How often each was sent a call.
    var counts: [Int] { [first.requests.count, second.requests.count] }

    func close() async {
      await first.close()
      await second.close()
    }
  }

  private func start(
    _ first: [Behaviour], _ second: [Behaviour] = [.image]
  ) async throws -> Services {
    func server(_ behaviours: [Behaviour], _ answer: StubServer.Answer) async throws -> StubServer {
      let left = Mutex(behaviours)
      return try await StubServer { _ in
        let next = left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        switch next {
        case .image: return answer
        case .refusal: return .json(401, #"{"error":{"message":"no such key"}}"#)
        case .lost: return .close
        }
      }
    }
    let image = Data(TinyImage.png).base64EncodedString()
    let services = Services(
      first: try await server(first, .full(status: 200, body: TinyImage.png)),
      second: try await server(second, .json(200, #"{"data":[{"b64_json":"\#(image)"}]}"#)))
    try FileSystem.write(
      """
      [providers.one]
      kind = "imagine"
      base_url = "\(services.first.address)/v2"
      token = "key-of-one"
      prices = { unit = "USD", generate = 0.01 }
      [providers.two]
      kind = "openai"
      base_url = "\(services.second.address)/v1"
      token = "key-of-two"
      prices = { unit = "USD", generate = 0.03 }
      """, to: folder.file("imagine/config.toml"))
    return services
  }

  /// Prints who made the image, or what went wrong.
  private func script(_ fields: String = "") throws {
    try FileSystem.write(
      """
      local chain = imagine.chain{
        members = { "one", { provider = "two", model = "m-2" } }, drop = { "seed", "style" } }
      local ok, made = pcall(chain.generate, {
        prompt = "a boat", seed = 7, style = "anime", retries = 0, \(fields) })
      if ok then
        if type(made) == "table" then made = made[1] end
        print(made.provider, made.cost, imagine.spent().USD)
      else
        print(made.kind, made.charged, imagine.spent().USD)
        error(made, 0)
      end
      """, to: folder.file("work.lua"))
  }

  @Test(
    "what the first answers decides whether the second is asked",
    arguments: [
      ([Behaviour.image], "", "one\t0.01\t0.01\n", [1, 0]),
      ([.refusal], "", "two\t0.03\t0.03\n", [1, 1]),
      ([.lost], "", "connection\tunknown\t0.01\n", [1, 0]),
      ([.lost], "retry_uncertain = true", "two\t0.03\t0.04\n", [1, 1]),
      // Two calls of one image each: nothing is asked twice where one may be paid for.
      ([.refusal, .lost], "n = 2", "authorization\tunknown\t0.01\n", [2, 0]),
      ([.lost, .refusal], "n = 2", "connection\tunknown\t0.01\n", [2, 0]),
      ([.image, .refusal], "n = 2", "authorization\tno\t0.01\n", [2, 0]),
      ([.refusal], "n = 2", "bad_response\tyes\t0.06\n", [2, 1]),
    ])
  func order(first: [Behaviour], fields: String, output: String, counts: [Int]) async throws {
    let services = try await start(first)
    try script(fields)
    let outcome = try await run(["work.lua"])
    #expect(Self.alike(outcome.output, output), "\(outcome.output)\(outcome.errors)")
    #expect(services.counts == counts)
    if counts == [1, 1] {
      #expect(outcome.errors.contains("asking two"), "\(outcome.errors)")
      let sent = try #require(try Value(json: services.second.requests[0].body).table)
      #expect(sent["model"] == "m-2" && sent["style"] == nil, "\(sent)")
      #expect(services.first.requests[0].text.contains("anime"))
    }
    await services.close()
  }

  /// Of two calls at the same time either may fail first.
  private static func alike(_ output: String, _ expected: String) -> Bool {
    let kinds = ["authorization", "connection"]
    func words(_ text: String) -> [String] {
      text.split(separator: "\t").map { kinds.contains(String($0)) ? "a fault" : String($0) }
    }
    return words(output) == words(expected)
  }

  @Test("the second's answer is taken from the journal, and the first is not asked again")
  func resumed() async throws {
    // Asked again, the first would answer, and be paid.
    let services = try await start([.refusal, .image])
    try script()
    let killed = try await run(["work.lua"], killAt: "stored:1")
    #expect(killed.status == 128 + SIGKILL, "\(killed.errors)")
    #expect(services.counts == [1, 1])
    let resumed = try await run(["--resume", "work.lua"])
    #expect(resumed.output == "two\t0.03\t0.03\n", "\(resumed.errors)")
    #expect(services.counts == [1, 1])
    await services.close()
  }

  @Test(
    "a call that may be paid for decides, whichever provider it was sent to",
    arguments: [(1, [0, 0], "one"), (2, [1, 0], "two")])
  func uncertain(send: Int, counts: [Int], provider: String) async throws {
    let services = try await start(send == 1 ? [.image] : [.refusal, .image])
    try script()
    let killed = try await run(["work.lua"], killAt: "sent:\(send)")
    #expect(killed.status == 128 + SIGKILL, "\(killed.errors)")
    #expect(services.counts == counts)
    let resumed = try await run(["--resume", "work.lua"])
    #expect(resumed.output.hasPrefix("uncertain\tunknown"), "\(resumed.output)\(resumed.errors)")
    #expect(services.counts == counts)
    let retried = try await run(["--resume", "--on-uncertain", "retry", "work.lua"])
    #expect(retried.output.hasPrefix(provider), "\(retried.output)\(retried.errors)")
    let sum = services.counts.reduce(0, +)
    #expect(sum == counts.reduce(1, +))
    await services.close()
  }

  @Test("a chain is planned with its first provider, recorded, and replayed without any")
  func replayed() async throws {
    let services = try await start([.refusal])
    try script()
    let plan = try await Program.imagine.run(
      ["plan", "work.lua", "--json"],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    let calls = try #require(
      try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as? [String: Any])
    #expect((calls["cost"] as? [String: Double])?["USD"] == 0.01, "\(plan)")
    let recorded = try await run(["--record", "run.recording", "work.lua"])
    #expect(recorded.output == "two\t0.03\t0.03\n", "\(recorded.errors)")
    await services.close()
    let replayed = try await run(["--replay", "run.recording", "work.lua"], home: "other")
    #expect(replayed.output == recorded.output, "\(replayed.errors)")
  }

  @Test("what a chain cannot ask is an error that names the member, before anything is sent")
  func refused() async throws {
    let services = try await start([.image])
    let script = """
      local function show(fn, ...) print(select(2, pcall(fn, ...)).message) end
      show(imagine.chain, { members = {} })
      show(imagine.chain, { members = { "one", { model = "m" } } })
      show(imagine.chain, { members = { { provider = "two", modle = "m" } } })
      show(imagine.chain, { members = { "one" }, drop = { "sed" } })
      show(imagine.chain, { membres = { "one" } })
      local chain = imagine.chain{ members = { "one", { provider = "two", model = "m" } } }
      show(chain.generate, { prompt = "a boat", style = "anime" })
      show(chain.generate, { prompt = "a boat", provider = "one" })
      show(imagine.chain{ members = { "two" } }.upscale, "no.png")
      local loop = {}
      loop[1] = loop
      show(imagine.chain, { members = { { provider = loop } } })
      show(imagine.chain, { members = { setmetatable({}, { __index = function() error("no") end }) } })
      print(chain.name)
      """
    let outcome = try await Program.imagine.run(
      ["-"], environment: ["XDG_CONFIG_HOME": folder.path, "IMAGINE_HOME": folder.file("home")],
      input: script, in: folder.path)
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    for (line, words) in zip(
      lines,
      [
        "field 'members': no member", "chain: field 'provider' is missing",
        "chain: two: unknown field 'modle'; did you mean 'model'?",
        "chain: drop: unknown field 'sed'; did you mean 'seed'?", "did you mean 'members'?",
        "takes no 'style'", "the members of the chain are the providers",
        "has no upscale", "field 'members[1].provider", "nil", "one, two",
      ])
    {
      #expect(line.contains(words), "\(line): \(words)")
    }
    #expect(lines.count >= 11, "\(outcome)")
    #expect(lines[5].hasSuffix("drop = { \"style\" } in the chain leaves it out there"), "\(lines)")
    #expect(services.counts == [0, 0])
    await services.close()
  }
}
