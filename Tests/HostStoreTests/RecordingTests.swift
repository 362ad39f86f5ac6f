import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import HostStore

@Suite("A recording replays the providers' answers")
struct RecordingTests {
  private let temporary: TemporaryFolder
  /// Does not exist yet.
  private var folder: String { temporary.file("new") }

  init() throws { temporary = try TemporaryFolder() }
  var path: String { "\(folder)/run.recording" }
  var store: FileAssetStore { FileAssetStore(root: "\(folder)/assets") }

  private func request(_ prompt: String, seed: Int64) throws -> Request {
    try MediaOperation.generate.request(
      from: ["prompt": .text(prompt), "seed": .integer(seed)], source: .script)
  }

  private func generate(
    _ prompt: String, seed: Int64, by provider: any Provider, count: Int = 1
  ) async throws -> [String] {
    var request = try request(prompt, seed: seed)
    request.count = count
    let outcome = try await provider.perform(request, CallContext(store: store))
    guard case .finished(let answer) = outcome else { return [] }
    return answer.outputs.map(\.asset.sha256)
  }

  private func replayed(_ name: String = "studio") throws -> ReplayedProvider {
    let recording = try Recording(path: path)
    return ReplayedProvider(
      try #require(try recording.provider(named: name)), recording: recording)
  }

  @Test("images are replayed byte for byte, and equal requests in their order")
  func images() async throws {
    let writer = RecordingWriter(path: path)
    let studio = RecordingProvider(Studio(), writer: writer)
    let first = try await generate("a cat", seed: 7, by: studio)
    let second = try await generate("a cat", seed: 7, by: studio)
    let pair = try await generate("a dog", seed: 7, by: studio, count: 2)
    #expect(first != second && pair.count == 2)
    try writer.finish()
    try FileManager.default.removeItem(atPath: "\(folder)/assets")

    let replay = try replayed()
    #expect(try await generate("a dog", seed: 7, by: replay, count: 2) == pair)
    #expect(try await generate("a cat", seed: 7, by: replay) == first)
    #expect(try await generate("a cat", seed: 7, by: replay) == second)
    let error = await #expect(throws: ImagineError.self) {
      try await generate("a cat", seed: 7, by: replay)
    }
    #expect(error?.message.contains("2 times, and this is call 3") == true)
    #expect(
      replay.profile.prices == Studio().profile.prices
        && replay.profile.polling.pause(after: 9) == 0)
  }

  @Test("a large file is replayed whole and recorded once")
  func largeBody() async throws {
    let bytes = [UInt8](repeating: 7, count: 2 * RecordingWriter.pieceSize + 5)
    let asset = try await store.store(bytes)
    let writer = RecordingWriter(path: path)
    writer.record(asset)
    writer.record(asset)
    try writer.open()
    try writer.finish()
    try FileManager.default.removeItem(atPath: asset.path)
    let again = try await Recording(path: path).file(asset.sha256, into: store)
    #expect(again.sha256 == asset.sha256 && again.byteCount == bytes.count)
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    #expect(try #require(size) < bytes.count + 100_000)
  }

  @Test("a job replays its states, then its last one again, and its files have no real address")
  func jobs() async throws {
    let writer = RecordingWriter(path: path)
    let studio = RecordingProvider(Studio(), writer: writer)
    let video = try MediaOperation.video.request(from: ["prompt": .text("waves")], source: .script)
    _ = try await studio.submit(video, store)
    #expect(
      try await studio.poll(Ticket(id: "film-1"), CallContext(store: store)).state == .processing)
    let status = try await studio.poll(Ticket(id: "film-1"), CallContext(store: store))
    let address = try #require(status.videoAddress)
    #expect(address.contains("signature"))
    let downloaded = try await studio.download(address, CallContext(store: store))
    try await studio.cancel(Ticket(id: "film-1"), CallContext(store: store))
    await #expect(throws: ImagineError.self) {
      try await studio.poll(Ticket(id: "film-2"), CallContext(store: store))
    }
    try writer.finish()
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    #expect(!text.contains("signature"))

    let replay = try replayed()
    #expect(try await replay.submit(video, store).id == "film-1")
    #expect(
      try await replay.poll(Ticket(id: "film-1"), CallContext(store: store)).state == .processing)
    for _ in 0..<3 {
      let status = try await replay.poll(Ticket(id: "film-1"), CallContext(store: store))
      #expect(status.state == .finished)
      let name = try #require(status.videoAddress)
      #expect(name == "https://recording.invalid/film-1/video")
      #expect(
        try await replay.download(name, CallContext(store: store)).sha256 == downloaded.sha256)
    }
    try await replay.cancel(Ticket(id: "film-1"), CallContext(store: store))
    let error = await #expect(throws: ImagineError.self) {
      try await replay.poll(Ticket(id: "film-2"), CallContext(store: store))
    }
    #expect(error?.kind == .notFound && error?.code == 1100 && error?.status == 404)
    #expect(error?.message == "no film-2 at https://media.example.com/film-2")
  }

  @Test("a job that did not finish in the recorded run is a timeout")
  func unfinished() async throws {
    let writer = RecordingWriter(path: path)
    _ = try await RecordingProvider(Studio(), writer: writer).poll(
      Ticket(id: "film-1"), CallContext(store: store))
    try writer.finish()
    let replay = try replayed()
    #expect(
      try await replay.poll(Ticket(id: "film-1"), CallContext(store: store)).state == .processing)
    let error = await #expect(throws: ImagineError.self) {
      try await replay.poll(Ticket(id: "film-1"), CallContext(store: store))
    }
    #expect(error?.kind == .timeout && error?.retryable == false && error?.job == "film-1")
  }

  @Test("a request that was not recorded is an error with the differences to the nearest one")
  func missing() async throws {
    let writer = RecordingWriter(path: path)
    let studio = RecordingProvider(Studio(), writer: writer)
    _ = try await generate("a red fox in the snow", seed: 7, by: studio)
    _ = try await generate("a cat on a sofa", seed: 8, by: studio)
    _ = try await generate("a cat on a mat", seed: 9, by: studio)
    try writer.finish()
    let replay = try replayed()
    let one = await #expect(throws: ImagineError.self) {
      try await generate("a cat on a rug", seed: 9, by: replay)
    }
    #expect(one?.kind == .validation && one?.field == "prompt")
    #expect(
      one?.message.hasSuffix(
        "the nearest recorded request differs in prompt: recorded \"a cat on a mat\","
          + " now \"a cat on a rug\"") == true)
    let two = await #expect(throws: ImagineError.self) {
      try await generate("a cat on a sofas", seed: 1, by: replay, count: 2)
    }
    #expect(
      two?.message.contains(
        "n: recorded nothing, now 2; prompt: recorded \"a cat on a sofa\", now"
          + " \"a cat on a sofas\"; seed: recorded 8, now 1") == true)
  }

  @Test("known secrets are redacted everywhere in the file")
  func secrets() async throws {
    let writer = RecordingWriter(path: path)
    writer.redact("sk-very-secret")
    let studio = RecordingProvider(Studio(), writer: writer)
    await #expect(throws: ImagineError.self) {
      try await generate("fail with sk-very-secret", seed: 1, by: studio)
    }
    try writer.finish()
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(data.range(of: Data("very-secret".utf8)) == nil)
    #expect(data.range(of: Data("[removed]".utf8)) != nil)
  }

  @Test("the run's seed and selection are kept, and nil if none was recorded")
  func facts() throws {
    let writer = RecordingWriter(path: path)
    writer.record(seed: (.min, 42))
    writer.record(selection: "studio")
    try writer.finish()
    let recording = try Recording(path: path)
    let seed = try #require(try recording.seed())
    #expect(seed == (.min, 42))
    #expect(try recording.selection() == "studio")
    let other = RecordingWriter(path: path)
    try other.open()
    try other.finish()
    #expect(try Recording(path: path).seed() == nil)
    #expect(try Recording(path: path).selection() == nil)
  }

  @Test("a recording gets its name once complete, and a discarded one leaves no file")
  func whole() throws {
    let writer = RecordingWriter(path: path)
    writer.record(selection: "studio")
    #expect(!FileManager.default.fileExists(atPath: path))
    writer.discard()
    try writer.finish()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }

  @Test("a file that is no recording, of a later version or damaged is an error")
  func damaged() async throws {
    #expect(throws: ImagineError.self) { try Recording(path: path) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let url = URL(fileURLWithPath: path)
    for text in ["", "hello", String(repeating: "SQLite format 3\0", count: 500)] {
      try Data(text.utf8).write(to: url)
      let error = #expect(throws: ImagineError.self) { try Recording(path: path) }
      #expect(error?.message == "\(path) is no recording")
    }
    try FileManager.default.removeItem(atPath: path)
    let writer = RecordingWriter(path: path)
    let studio = RecordingProvider(Studio(), writer: writer)
    _ = try await generate("a cat", seed: 7, by: studio)
    try writer.finish()
    var data = try Data(contentsOf: url)
    // SQLite's header has the version at byte 60.
    data[63] = 9
    try data.write(to: url)
    let later = #expect(throws: ImagineError.self) { try Recording(path: path) }
    #expect(later?.message.contains("version 9; this program reads version 1") == true)
    data[63] = 1
    let place = try #require(data.range(of: Data(Studio.image(1))))
    data[place.upperBound - 1] ^= 1
    try data.write(to: url)
    let replay = try replayed()
    let error = await #expect(throws: ImagineError.self) {
      try await generate("a cat", seed: 7, by: replay)
    }
    #expect(error?.message.contains("is damaged") == true)
  }

  @Test(
    "queries and passwords in addresses are redacted from messages",
    arguments: [
      ("GET https://a.b/c?sig=1: no", "GET https://a.b/c no"), ("a://u:p@h/x", "a://h/x"),
      ("(http://a?b) ://", "(http://a) ://"), ("no address", "no address"),
    ])
  func queries(text: String, expected: String) {
    #expect(text.redactingAddresses == expected)
  }
}

/// A provider in memory: every image differs, and a video is finished at the second status request.
private final class Studio: Provider {
  private let calls = Mutex(0)

  let profile = ProviderProfile(
    name: "studio", kind: "imagine", operations: MediaOperation.all, takesCount: true,
    prices: .imagine)

  static func image(_ number: Int) -> [UInt8] {
    Sample.png.bytes + Array("image number \(number)".utf8)
  }

  private func next() -> Int {
    calls.withLock { calls in
      calls += 1
      return calls
    }
  }

  func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    if request.operation.answer == .job {
      return .running(JobStatus(id: "film-1", state: .queued))
    }
    if let prompt = request.prompt, prompt.hasPrefix("fail") {
      throw ImagineError(.authorization, "the token in \"\(prompt)\" is unknown", code: 1001)
    }
    var outputs: [Output] = []
    for _ in 0..<request.count {
      outputs.append(Output(asset: try await context.store.store(Self.image(next()))))
    }
    return .finished(Answer(outputs))
  }

  func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let job = ticket.id
    let address = "https://media.example.com/\(job)?signature=\(next())"
    guard job == "film-1" else {
      throw ImagineError(
        .notFound, "no \(job) at \(address)", code: 1100, status: 404, job: job)
    }
    return calls.withLock { $0 } == 1
      ? JobStatus(id: job, state: .processing)
      : JobStatus(id: job, state: .finished, videoAddress: address)
  }

  func cancel(_ ticket: Ticket, _ context: CallContext) async throws {}

  func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await context.store.store(Array("film".utf8))
  }
}

extension Provider {
  fileprivate func submit(_ request: Request, _ store: any MediaStore) async throws -> JobStatus {
    guard case .running(let status) = try await perform(request, CallContext(store: store)) else {
      throw ImagineError(.badResponse, "no job")
    }
    return status
  }
}
