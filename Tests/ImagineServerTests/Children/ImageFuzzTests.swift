import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

/// `IMAGINE_FUZZ_IMAGES` is the number of calls.
@Suite("A server that gets damaged images", .serialized)
struct ImageFuzzTests {
  private static var calls: UInt64 {
    ProcessInfo.processInfo.environment["IMAGINE_FUZZ_IMAGES"].flatMap { UInt64($0) } ?? 150
  }

  @Test("answers each call and serves others meanwhile, and its children stay small")
  func fuzz() async throws {
    let folder = try TemporaryFolder()
    let server = try ServerProcess(
      ["--home", folder.file("home"), "--port", "0", "--log-level", "warning"])
    let address = try await server.address()
    var letter = BilevelImage(size: PixelSize(width: 96, height: 64))
    letter.write("#", left: 16, top: 8, scale: 6)
    let image = letter.png(colors: (background: [30, 80, 200], ink: [255, 255, 255]), texts: [])
    var files = [image]
    for format in ["png", "jpeg", "webp", "avif"] {
      let form = FormWriter(["format": format]).adding("image", file: image)
      files.append(try await Self.post(address, "/x/convert", form).body)
    }
    let isOver = Mutex(false)
    async let slowest = Self.witness(address, image) { isOver.withLock { $0 } }
    var answers: [Int: Int] = [:]
    for seed in 0..<Self.calls {
      var generator = SeededGenerator(seed: seed)
      let (path, form) = Self.call(files, &generator)
      let status = try await Self.post(address, path, form).status
      answers[status, default: 0] += 1
      #expect([200, 400, 500].contains(status), "seed \(seed): \(status)")
    }
    isOver.withLock { $0 = true }
    let (count, seconds) = try await slowest
    let sizes = try SystemProcess.children(of: server, with: "engine-child").map {
      SystemProcess.residentKilobytes(of: $0)
    }
    print(
      "\(Self.calls) damaged images: answers \(answers.sorted { $0.key < $1.key }),",
      "the slowest of \(count) other calls \(seconds) s, children \(sizes) kB,",
      "\(server.log.split(separator: "died during").count - 1) died")
    // A busy machine makes everything slow.
    #expect(seconds < 10)
    if ProcessInfo.processInfo.environment["SANITIZED"] == nil {
      #expect(!sizes.isEmpty && sizes.allSatisfy { $0 < 300_000 })
    }
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  /// The slowest of the calls that another client makes meanwhile, all of which succeed.
  private static func witness(
    _ address: String, _ image: [UInt8], until isOver: @Sendable () -> Bool
  ) async throws -> (count: Int, seconds: Double) {
    var slowest = 0.0
    var count = 0
    let form = FormWriter(["width": "32", "height": "32"]).adding("image", file: image)
    while !isOver() {
      let start = ContinuousClock.now
      let answer = try await post(address, "/x/thumbnail", form, token: "other")
      #expect(answer.status == 200)
      slowest = max(slowest, (ContinuousClock.now - start).seconds)
      count += 1
    }
    return (count, slowest)
  }

  private static func call(
    _ files: [[UInt8]], _ generator: inout SeededGenerator
  ) -> (String, FormWriter) {
    func damaged() -> [UInt8] {
      var file = files[Int.random(in: 0..<files.count, using: &generator)]
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !file.isEmpty {
        let place = Int.random(in: 0..<file.count, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: file.removeSubrange(place...)
        case 1: file.insert(contentsOf: file[place...].prefix(20), at: place)
        case 2: file[place] = 255
        default: file[place] = .random(in: .min ... .max, using: &generator)
        }
      }
      return file
    }
    let form = FormWriter().adding("image", file: damaged())
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: return ("/x/convert", form.adding("width", "40"))
    case 1: return ("/x/thumbnail", form.adding("width", "40").adding("height", "40"))
    case 2: return ("/v2/image/background/remover", form)
    case 3: return ("/v2/image/enhance", form)
    case 4: return ("/v2/image/edits/remove", form.adding("mask", file: damaged()))
    default:
      return (
        "/x/step",
        FormWriter(["step": #"{"operation":"trim","fields":{}}"#])
          .adding("base.0", file: damaged())
      )
    }
  }

  private static func post(
    _ address: String, _ path: String, _ form: FormWriter, token: String = "fuzz"
  ) async throws -> (status: Int, body: [UInt8]) {
    let connection = try await RawConnection(to: address)
    try await connection.post(path, form, token: token, closing: true)
    var answer: [UInt8] = []
    while case let piece = try await connection.read(), !piece.isEmpty { answer += piece }
    let head = String(decoding: answer.prefix(12), as: UTF8.self)
    let end = answer.indices.first { answer[$0...].starts(with: [13, 10, 13, 10]) }
    return (Int(head.dropFirst(9).prefix(3)) ?? 0, end.map { Array(answer[($0 + 4)...]) } ?? [])
  }
}
