import Foundation
import ImagineAPI
import Testing

@testable import HostStore
@testable import MediaFiles

@Suite("An image's texts are read back, and untrusted texts are handled safely")
struct ImageTextsTests {
  static let metadata = ImageMetadata(
    request: RequestDescription(
      operation: "fill",
      fields: ["prompt": .text("a \"cat\" <&>\nin Zürich \u{FFFE}"), "seed": .integer(.max)],
      images: [
        "image": [String(repeating: "a", count: 64)], "mask": [String(repeating: "b", count: 64)],
      ],
      extra: ["strength": .number(0.5), "hard": .flag(true)]),
    provider: "imagine", engine: "3", size: PixelSize(width: 2, height: 1),
    sha256: String(repeating: "c", count: 64), price: Price(millionths: 40_000, unit: "USD"),
    run: "run-7")

  private func read(_ bytes: [UInt8]) throws -> ImageTexts? {
    ImageTexts(MediaSource(bytes))
  }

  @Test("the whole request is read back from every format that can carry it", arguments: Sample.all)
  func roundTrip(_ sample: Sample) throws {
    let image = Self.metadata.embedded(in: sample.bytes, format: sample.format)
    let texts = try #require(try read(image))
    #expect(texts.format == sample.format)
    #expect(texts.size == PixelSize(width: 2, height: 1))
    #expect(texts.metadata == Self.metadata)
    #expect(texts.metadata?.parents.first == String(repeating: "a", count: 64))
  }

  @Test("metadata that is embedded again replaces the old", arguments: Sample.all)
  func replaced(_ sample: Sample) throws {
    var other = Self.metadata
    other.run = "run-8"
    let once = Self.metadata.embedded(in: sample.bytes, format: sample.format)
    let twice = other.embedded(in: once, format: sample.format)
    #expect(twice.count == once.count)
    #expect(try read(twice)?.metadata == other)
  }

  @Test("a request that is too long for a JPEG is left out, but not the source type")
  func longRequest() throws {
    var metadata = Self.metadata
    metadata.request.fields["prompt"] = .text(String(repeating: "x", count: 70_000))
    let texts = try #require(try read(metadata.embedded(in: Sample.jpeg.bytes, format: .jpeg)))
    #expect(texts.metadata == nil)
    #expect(texts.entries.first?.text.contains("algorithmicMedia") == true)
  }

  @Test("a file that is truncated anywhere is read without a crash", arguments: Sample.all)
  func cut(_ sample: Sample) throws {
    let image = Self.metadata.embedded(in: sample.bytes, format: sample.format)
    for count in 0..<image.count {
      let texts = try read(Array(image[..<count]))
      #expect((texts?.entries.count ?? 0) <= 3)
    }
  }

  @Test("a corrupted file gives nil or texts, never a crash", arguments: Sample.all)
  func damaged(_ sample: Sample) throws {
    let image = Self.metadata.embedded(in: sample.bytes, format: sample.format)
    var random = Dice(state: 7)
    for _ in 0..<200 {
      var copy = image
      for _ in 0...Int.random(in: 0...8, using: &random) {
        let place = Int.random(in: 0..<min(copy.count, 400), using: &random)
        copy[place] =
          [0, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      if let texts = try read(copy) {
        #expect(texts.entries.allSatisfy { $0.text.utf8.count <= 4 * image.count })
        // Embedding reads the same lengths.
        _ = Self.metadata.embedded(in: copy, format: texts.format)
      }
    }
  }

  @Test("lengths beyond the file and texts beyond the limits are skipped")
  func lengths() throws {
    var image = Sample.png.bytes
    image.replaceSubrange(33..<37, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try read(image)?.entries == [])
    let text = String(repeating: "x", count: ImageTexts.maxTextBytes)
    let long = try #require(
      PNGChunk.insert([("a", PNGChunk.text(keyword: "a", text))], into: Sample.png.bytes))
    #expect(try read(long)?.entries == [])
    let many = (0..<200).map { ("k\($0)", PNGChunk.text(keyword: "k\($0)", "v")) }
    let crowded = try #require(PNGChunk.insert(many, into: Sample.png.bytes))
    #expect(try read(crowded)?.entries.count == ImageTexts.maxTexts)
  }

  @Test("texts of other programs are read, and invalid UTF-8 is replaced")
  func foreign() throws {
    let parameters = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 2x1"
    var chunk = PNGChunk.internationalText(keyword: "workflow", "??")
    chunk[chunk.count - 5] = 0xFF
    let body = Array(chunk[4..<(chunk.count - 4)])
    chunk.replaceSubrange(
      (chunk.count - 4)..., with: withUnsafeBytes(of: CRC32.checksum(body).bigEndian, Array.init)
    )
    let inserted = PNGChunk.insert(
      [
        ("parameters", PNGChunk.text(keyword: "parameters", parameters)), ("workflow", chunk),
        ("imagine", PNGChunk.internationalText(keyword: "imagine", "{\"request\":7}")),
      ], into: Sample.png.bytes)
    let image = try #require(inserted)
    let texts = try #require(try read(image))
    #expect(texts.metadata == nil)
    #expect(texts.entries.map(\.keyword) == ["parameters", "workflow", "imagine"])
    #expect(texts.entries[0].text == parameters)
    #expect(texts.entries[1].text == "?\u{FFFD}")
  }

  @Test("compressed texts are read unless they inflate beyond the limit")
  func compressed() throws {
    // Compressed by Python's zlib: "a cat" and 2 MiB of zeros.
    let text: [UInt8] = [0x78, 0x9C, 0x4B, 0x54, 0x48, 0x4E, 0x2C, 0x01, 0, 4, 0xC9, 0x01, 0xBA]
    let grown = try #require(Self.deflatedZeros)
    let chunks = [
      ("one", PNGChunk.chunk("zTXt", Array("one\0\0".utf8) + text)),
      ("two", PNGChunk.chunk("iTXt", Array("two\0\u{1}\0\0\0".utf8) + text)),
      ("bomb", PNGChunk.chunk("zTXt", Array("bomb\0\0".utf8) + grown)),
      ("cut", PNGChunk.chunk("zTXt", Array("cut\0\0".utf8) + text.dropLast(6))),
    ]
    let image = try #require(PNGChunk.insert(chunks, into: Sample.png.bytes))
    let entries = try #require(try read(image)).entries
    #expect(entries.map(\.keyword) == ["one", "two"])
    #expect(entries.allSatisfy { $0.text == "a cat" })
  }

  /// 2 MiB of zeros, compressed by zlib.
  private static var deflatedZeros: [UInt8]? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c",
      "import sys, zlib; sys.stdout.buffer.write(zlib.compress(bytes(2 << 20)))",
    ]
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil else { return nil }
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(bytes)
  }

  /// An Exif block whose first directory points to a second one with the comment.
  private func exif(_ comment: [UInt8], isBigEndian: Bool) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      let digits = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? digits.reversed() : digits
    }
    func entry(_ tag: Int, _ type: Int, _ count: Int, _ value: Int) -> [UInt8] {
      number(tag, 2) + number(type, 2) + number(count, 4) + number(value, 4)
    }
    let mark = Array((isBigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4)
    let first = number(1, 2) + entry(0x8769, 4, 1, 26) + number(0, 4)
    let second = number(1, 2) + entry(0x9286, 7, comment.count, 44) + number(0, 4)
    return Array("Exif\0\0".utf8) + mark + first + second + comment
  }

  @Test("the Exif comment of a JPEG or a WebP is read in either byte order")
  func comments() throws {
    let text = "ein Kätzchen\nSteps: 20"
    let wide = Array("UNICODE\0".utf8) + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    for isBigEndian in [true, false] {
      let block = exif(wide, isBigEndian: isBigEndian)
      #expect(ExifComment.text(block) == text)
      let segment = [0xFF, 0xE1, 0, UInt8(block.count + 2)] + block
      let jpeg = Sample.jpeg.bytes[..<2] + segment + Sample.jpeg.bytes[2...]
      let entry = ImageTexts.Entry(keyword: "UserComment", text: text)
      #expect(try read(Array(jpeg))?.entries == [entry])
      let webp = Sample.extended.bytes + Array("EXIF".utf8) + [UInt8(block.count), 0, 0, 0] + block
      #expect(try read(webp)?.entries == [entry])
    }
    let plain = exif(Array("ASCII\0\0\0a cat".utf8), isBigEndian: false)
    #expect(ExifComment.text(plain) == "a cat")
    for count in 0..<plain.count { #expect(ExifComment.text(plain.prefix(count)) == nil) }
    var random = Dice(state: 3)
    for _ in 0..<500 {
      var copy = plain
      for _ in 0..<3 {
        copy[Int.random(in: 6..<copy.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      _ = ExifComment.text(copy)
    }
  }

  @Test("a file that is missing or no image is an error")
  func noImage() throws {
    let path = NSTemporaryDirectory() + "no-image-\(UUID().uuidString).png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: ImagineError.self) { try ImageTexts(ofFile: FilePath(path)) }
    try Data("hello".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ImagineError.self) { try ImageTexts(ofFile: FilePath(path)) }
    #expect(error?.kind == .validation)
  }
}

/// A small image of each format, 2 by 1 pixels according to its header.
struct Sample: Sendable, CustomTestStringConvertible {
  let format: ImageFormat
  let bytes: [UInt8]

  var testDescription: String { "\(format), \(bytes.count) bytes" }

  static let all = [png, jpeg, lossless, extended]

  static let png = Sample(
    format: .png,
    bytes: Array(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DA8J8BAAf/Af8Bf4mnAAAAAElFTkSuQmCC"
      ) ?? Data()))

  static let jpeg = Sample(
    format: .jpeg,
    bytes: [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 11, 8, 0, 1, 0, 2, 1, 1, 0x11, 0]
      + [0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9])

  /// VP8L: a signature, then width and height less one in 14 bits each, the alpha bit, a version.
  static let lossless = Sample(
    format: .webp,
    bytes: Array("RIFF".utf8) + [18, 0, 0, 0] + Array("WEBPVP8L".utf8) + [5, 0, 0, 0]
      + [0x2F, 1, 0, 0, 0x10, 0])

  static let extended = Sample(
    format: .webp,
    bytes: Array("RIFF".utf8) + [30, 0, 0, 0] + Array("WEBPVP8X".utf8)
      + [10, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0] + Array("ALPH".utf8) + [0, 0, 0, 0])
}

/// Seeded: the same numbers on every run.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}
