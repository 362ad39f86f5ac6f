import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Synchronization
import Testing

/// Edits at a provider that changes everything, through a real private server.
@Suite("Outside the mask of an edit the original's pixels stay")
struct CompositeTests {
  /// Answers every edit with the same file, whatever the mask.
  private final class Painter: Provider {
    let profile = ProviderProfile(
      name: "painter", kind: "painter", operations: [.fill, .retouch, .generate], prices: .free)
    let answer = Mutex<[UInt8]>([])
    let received = Mutex<[String: [ImageInput]]>([:])

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      received.withLock { received in
        for field in ["image", "mask"] { received[field] = context.images(field, of: request) }
      }
      let asset = try await context.store.store(answer.withLock { $0 })
      return .finished(Answer([Output(asset: asset)]))
    }
  }

  private struct Case {
    var name: String
    var original: [UInt8]
    var size: PixelSize
    var answer: [UInt8]
    var answerFormat = ImageFormat.png
  }

  private let folder: TemporaryFolder
  private let painter = Painter()

  init() throws { folder = try TemporaryFolder() }

  private func withWorkflow(
    server: String = Program.server.path, _ body: (Workflow) async throws -> Void
  ) async throws {
    var configuration = ScriptHost.Configuration(
      service: .program(server),
      environment: ["XDG_CONFIG_HOME": folder.path, "TMPDIR": NSTemporaryDirectory()])
    configuration.home = folder.file("home")
    configuration.providers = [painter]
    configuration.provider = painter.name
    try await ScriptHost.withHost(configuration) { try await body($0.workflow()) }
  }

  private static func magenta(_ size: PixelSize, channels: Int = 3, scale: Int = 1) -> [UInt8] {
    PixelImage.png(width: size.width * scale, height: size.height * scale, channels: channels) {
      column, row in [255, 0, 255, UInt8(60 + (column + row) % 100)]
    }
  }

  private static func noise(_ column: Int, _ row: Int) -> [UInt8] {
    [
      UInt8((column * 37 + row * 11) % 256), UInt8((column * 5 + row * 71) % 256),
      UInt8((column * 17 + row * 3) % 256), UInt8((column * 29 + row * 13) % 256),
    ]
  }

  private static let cases: [Case] = {
    let sample = PixelSize(width: 24, height: 16)
    let readable = SampleMedia.images.filter { $0.format != "tiff" }
    var cases = readable.enumerated().map { index, image in
      // An answer of each format, to an original of each format.
      let answer = readable[(index + 1) % 3]
      return Case(
        name: image.format, original: image.bytes, size: sample, answer: answer.bytes,
        answerFormat: ImageFormat(rawValue: answer.format) ?? .png)
    }
    for orientation in 2...8 {
      let size = orientation < 5 ? sample : PixelSize(width: 16, height: 24)
      cases.append(
        Case(
          name: "jpeg, orientation \(orientation)",
          original: PixelImage.jpeg(SampleMedia.jpeg, orientation: orientation), size: size,
          answer: magenta(size, channels: orientation % 2 + 3)))
    }
    // The answer of a camera's orientation is turned upright too.
    cases.append(
      Case(
        name: "answer of orientation 6", original: magenta(PixelSize(width: 16, height: 24)),
        size: PixelSize(width: 16, height: 24),
        answer: PixelImage.jpeg(SampleMedia.jpeg, orientation: 6), answerFormat: .jpeg))
    for (width, height) in [(1, 1), (2, 90), (97, 61), (256, 256)] {
      for (channels, answerChannels, scale) in [(3, 4, 1), (4, 3, 2), (4, 4, 1)] {
        let size = PixelSize(width: width, height: height)
        cases.append(
          Case(
            name: "\(size), \(channels) channels, answer of \(answerChannels), \(scale)x",
            original: PixelImage.png(width: width, height: height, channels: channels, noise),
            size: size, answer: magenta(size, channels: answerChannels, scale: scale)))
      }
    }
    let turned = PixelSize(width: 30, height: 50)
    cases.append(
      Case(
        name: "png with alpha, orientation 6",
        original: PixelImage.png(width: 50, height: 30, channels: 4, orientation: 6, noise),
        size: turned, answer: magenta(turned)))
    return cases
  }()

  private func pixels(_ image: Image, _ workflow: Workflow) async throws -> [[UInt8]] {
    let thumbnail = try await workflow.thumbnail(of: image, within: image.header.size)
    try #require(thumbnail.size == image.header.size)
    return stride(from: 0, to: thumbnail.pixels.count, by: 3).map {
      Array(thumbnail.pixels[$0..<($0 + 3)])
    }
  }

  @Test("of images of any size, alpha, orientation and format, for answers of any format")
  func pixels() async throws {
    try await withWorkflow { workflow in
      for one in Self.cases {
        let (width, height) = (one.size.width, one.size.height)
        let white = (columns: (width / 4)..<(width * 3 / 4), rows: (height / 4)..<(height * 3 / 4))
        let mask = try await workflow.decode(
          PixelImage.mask(width: width, height: height, white: white))
        let original = try await workflow.decode(one.original)
        painter.answer.withLock { $0 = one.answer }
        let edit = try await original.fill("a gull", mask: mask)
        #expect(edit.header.size == one.size, "\(one.name)")
        #expect(edit.header.format == .png, "\(one.name)")
        let answer = try #require(edit.original, "\(one.name)")
        #expect(try answer.content() == one.answer, "\(one.name)")
        #expect(answer.header.format == one.answerFormat, "\(one.name)")
        let (before, after) = (
          try await pixels(original, workflow), try await pixels(edit, workflow)
        )
        var kept = 0
        for at in before.indices
        where !(white.columns.contains(at % width) && white.rows.contains(at / width)) {
          kept += before[at] == after[at] ? 1 : 0
        }
        #expect(
          kept == before.count - white.columns.count * white.rows.count, "\(one.name)")
        #expect(white.columns.isEmpty || before != after, "\(one.name)")
        let drift = try #require(edit.drift)
        #expect((0.0...1).contains(drift), "\(one.name)")
        // Upright inputs, whatever the files say.
        painter.received.withLock { received in
          for input in received.values.joined() {
            if case .asset(let asset) = input {
              #expect(asset.header?.isUpright == true && asset.header?.size == one.size)
            }
          }
        }
        // The answer as it is, with the same drift.
        var call = Call(
          "fill", ["prompt": "a gull"],
          images: ["image": [original.input], "mask": [mask.input]])
        call.composites = false
        let plain = try #require(try await workflow.images(call).first)
        #expect(plain.asset.sha256 == answer.asset.sha256 && plain.original == nil)
        #expect(plain.drift == drift && plain.metadata?.isComposite == false)
      }
    }
  }

  @Test("an answer of another shape is an error with the answer, and is not stretched")
  func shape() async throws {
    try await withWorkflow { workflow in
      let size = PixelSize(width: 24, height: 16)
      let image = try await workflow.decode(SampleMedia.png)
      let mask = try await workflow.decode(
        PixelImage.mask(width: 24, height: 16, white: (4..<20, 4..<12)))
      painter.answer.withLock { $0 = Self.magenta(PixelSize(width: 24, height: 24)) }
      var call = Call(
        "retouch", images: ["image": [image.input], "mask": [mask.input]])
      call.count = 2
      let failure = try await #require(throws: PartialFailure.self) {
        _ = try await workflow.images(call)
      }
      #expect(failure.error.kind == .badResponse && failure.error.message.contains("24x24"))
      let square = PixelSize(width: 24, height: 24)
      #expect(failure.images.map(\.header.size) == [square, square])
      // Its size may be another one.
      painter.answer.withLock { $0 = Self.magenta(size, scale: 3) }
      #expect(try await image.retouch(mask: mask).header.size == size)
    }
  }

  @Test("without imagine-server the call is refused before it is sent, or made as it is")
  func withoutServer() async throws {
    try await withWorkflow(server: "/nonexistent") { workflow in
      let image = try await workflow.decode(SampleMedia.png)
      let mask = try await workflow.decode(
        PixelImage.mask(width: 24, height: 16, white: (4..<20, 4..<12)))
      painter.answer.withLock { $0 = SampleMedia.jpeg }
      let error = try await #require(throws: ImagineError.self) {
        _ = try await image.fill("a gull", mask: mask)
      }
      #expect(error.charged == .no && error.message.contains("composite = false"), "\(error)")
      #expect(painter.received.withLock { $0.isEmpty })
      var call = Call(
        "fill", ["prompt": "a gull"], images: ["image": [image.input], "mask": [mask.input]])
      call.composites = false
      let plain = try #require(try await workflow.images(call).first)
      #expect(try plain.content() == SampleMedia.jpeg && plain.drift == nil)
    }
  }

  @Test("an image is generated again as it was, and the journal has the answer that was paid for")
  func again() async throws {
    try await withWorkflow { workflow in
      let image = try await workflow.decode(SampleMedia.png)
      let mask = try await workflow.decode(
        PixelImage.mask(width: 24, height: 16, white: (4..<20, 4..<12)))
      painter.answer.withLock { $0 = Self.magenta(PixelSize(width: 24, height: 16)) }
      for composites in [true, false] {
        var call = Call("retouch", images: ["image": [image.input], "mask": [mask.input]])
        call.composites = composites
        let first = try #require(try await workflow.images(call).first)
        let request = try workflow.rerunRequest(for: try #require(first.metadata))
        let path = FilePath(folder.file("again.png"))
        try await workflow.rerun(request, to: path, replacing: true)
        let again = try await workflow.open(path)
        #expect(try await pixels(again, workflow) == pixels(first, workflow))
        let journaled = try #require(try workflow.history().last)
        #expect(try workflow.files(of: journaled) == [first.asset.path])
        let originals = try workflow.originals(of: journaled)
        #expect(originals == (first.original.map { [$0.asset.path] } ?? []))
        #expect((first.original != nil) == composites)
      }
    }
  }

  @Test("`composite` is a field of fill and retouch only")
  func field() async throws {
    try await withWorkflow { workflow in
      var call = Call("generate", ["prompt": "a gull"])
      call.composites = false
      let error = try await #require(throws: ImagineError.self) {
        _ = try await workflow.images(call)
      }
      #expect(error.kind == .validation && error.field == "composite")
    }
  }
}
