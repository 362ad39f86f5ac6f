import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

/// `IMAGINE_FUZZ_REQUESTS` is the number of requests; the daily run sends 40,000.
/// `IMAGINE_FUZZ_SEED` sends one of them alone.
@Suite("A server that gets almost valid requests", .serialized)
struct RequestFuzzTests {
  private struct Figures {
    var answers: [Int: Int] = [:]
    var silent = 0
    var slowest = (seconds: 0.0, seed: UInt64(0))
    var unanswered: [UInt64] = []
  }

  /// A shared sequence of numbers.
  private final class Numbers: Sendable {
    private let rest: Mutex<Range<UInt64>>

    init(_ all: Range<UInt64>) { rest = Mutex(all) }

    func next() -> UInt64? { rest.withLock { $0.popFirst() } }
  }

  /// The requests that are sent once the server is warm.
  private static var seeds: Range<UInt64> {
    let environment = ProcessInfo.processInfo.environment
    if let one = environment["IMAGINE_FUZZ_SEED"].flatMap({ UInt64($0) }) { return one..<(one + 1) }
    return 40..<(environment["IMAGINE_FUZZ_REQUESTS"].flatMap { UInt64($0) } ?? 600)
  }

  @Test("answers or closes each connection, and frees its memory and descriptors")
  func fuzz() async throws {
    let folder = try TemporaryFolder()
    let plan = folder.file("plan.toml")
    try FileSystem.write("paint = \"card\"\n", to: plan)
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0", "--rehearse", plan, "--log-level", "error"])
    let address = try await server.address()
    var letter = BilevelImage(size: PixelSize(width: 48, height: 40))
    letter.write("#", left: 8, top: 8, scale: 4)
    let image = letter.png(colors: (background: [0, 0, 0], ink: [255, 255, 255]), texts: [])
    _ = try await Self.send(0..<40, to: address, image)
    let before = try server.resources()
    let figures = try await Self.send(Self.seeds, to: address, image)
    #expect(figures.unanswered.isEmpty, "seeds \(figures.unanswered)")
    #expect(try await ServerProcess.curl(["\(address)/healthz"]) == #"{"status":"ok"}"#)
    let after = try await eventually {
      let now = try server.resources()
      return now.descriptors <= before.descriptors + 8 ? now : nil
    }
    // A sanitizer keeps freed memory.
    if ProcessInfo.processInfo.environment["SANITIZED"] == nil {
      #expect(after.kilobytes < before.kilobytes + 300_000)
    }
    #expect(!server.log.contains("\u{1b}"))
    print(
      "\(Self.seeds.count) requests: answers \(figures.answers.sorted { $0.key < $1.key }),",
      "\(figures.silent) without one, the slowest \(figures.slowest.seconds) s (\(figures.slowest.seed)),",
      "memory \(before.kilobytes) → \(after.kilobytes) kB,",
      "descriptors \(before.descriptors) → \(after.descriptors)")
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  /// Sends the requests of a range of seeds, four at a time.
  private static func send(
    _ seeds: Range<UInt64>, to address: String, _ image: [UInt8]
  ) async throws -> Figures {
    let numbers = Numbers(seeds)
    return try await withThrowingTaskGroup(of: Figures.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var figures = Figures()
          while let seed = numbers.next() {
            try await exchange(seed, with: address, image, &figures)
          }
          return figures
        }
      }
      return try await group.reduce(into: Figures()) { all, some in
        all.answers.merge(some.answers) { $0 + $1 }
        all.silent += some.silent
        if some.slowest.seconds > all.slowest.seconds { all.slowest = some.slowest }
        all.unanswered += some.unanswered
      }
    }
  }

  /// Sends the request of a seed, closes the sending side, and reads to the end.
  private static func exchange(
    _ seed: UInt64, with address: String, _ image: [UInt8], _ figures: inout Figures
  ) async throws {
    var mutator = RequestMutator(seed: seed, image: image)
    let start = ContinuousClock.now
    let connection = try await RawConnection(to: address)
    // The server may refuse it before it is sent completely.
    try? await connection.write(mutator.next())
    connection.endSending()
    do {
      let answer = try await connection.readToEnd()
      let status = answer.hasPrefix("HTTP/1.") ? Int(answer.dropFirst(9).prefix(3)) : nil
      if let status {
        figures.answers[status, default: 0] += 1
      } else {
        figures.silent += 1
      }
      // Each dialect has its own form, but the words are the same.
      let isInternal = ["\"code\":1300", "internal error"].contains(where: answer.contains)
      if isInternal { figures.unanswered.append(seed) }
    } catch {
      figures.unanswered.append(seed)
    }
    let seconds = (ContinuousClock.now - start).seconds
    if seconds > figures.slowest.seconds { figures.slowest = (seconds, seed) }
  }
}
