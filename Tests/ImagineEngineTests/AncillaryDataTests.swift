import Foundation
import ImagineAPI
import Testing

@testable import ImagineEngine

/// Metadata beside the pixels must cost neither time nor memory, however it is compressed.
///
/// Runs in a process of its own, so that its peak memory can be measured.
@Suite struct AncillaryDataTests {
  @Test("texts, metadata and profiles that expand to gigabytes cost less than twice the file")
  func packed() async {
    await #expect(processExitsWith: .success) {
      // Ignore what the libraries allocate once.
      for format in SampleFile.formats {
        _ = try Codec.decode(SampleFile.bytes(format), field: "image")
      }
      for (name, file) in try AncillaryDataTests.files() {
        let before = peakMemory()
        let time = try ContinuousClock().measure {
          do {
            _ = try Codec.decode(file, field: "image")
          } catch EngineError.unusable {
          }
        }
        let growth = peakMemory() - before
        #expect(growth < 100 << 20 + 2 * file.count, "\(name): \(growth) bytes more")
        #expect(time < .seconds(5), "\(name)")
      }
    }
  }

  private static func files() throws -> [(String, [UInt8])] {
    let pixel = [10, 20, 30]
    // 12 MB of zeros, compressed like a PNG's pixels.
    let packed = try zeros(width: 4000, height: 1000)
    var files: [(String, [UInt8])] = []
    let chunks: [(String, [UInt8])] = [
      ("zTXt", Array("Comment".utf8) + [0, 0] + packed),
      ("iTXt", Array("Comment".utf8) + [0, 1, 0, 0, 0] + packed),
      ("iCCP", Array("profile".utf8) + [0, 0] + packed),
      ("eXIf", manyNotes(entries: 60_000, size: 1 << 20)),
    ]
    for (name, body) in chunks {
      files.append(
        (
          "PNG, \(name)",
          PNGFile(
            width: 1, height: 1, samples: pixel,
            chunks: Array(repeating: (name: name, bytes: body), count: name == "eXIf" ? 1 : 60)
          ).bytes
        ))
    }
    let notes = manyNotes(entries: 5000, size: 60_000)
    let jpeg = try SampleFile.bytes(.jpeg)
    files.append(
      (
        "JPEG, Exif",
        JPEGFile.inserting(0xE1, Array("Exif".utf8) + [0, 0] + notes.prefix(65_000), into: jpeg)
      ))
    var commented = jpeg
    for _ in 0..<500 {
      commented = JPEGFile.inserting(0xFE, [UInt8](repeating: 65, count: 60_000), into: commented)
    }
    files.append(("JPEG, comments", commented))
    files.append(
      (
        "WebP, Exif",
        WebPFile.extended(
          try SampleFile.bytes(.webp), width: 48, height: 40,
          exif: manyNotes(entries: 60_000, size: 1 << 20))
      ))
    files.append(("TIFF, tags", manyTags()))
    var gif = try SampleFile.bytes(.gif)
    let comment = [0x21, 0xFE] + ([255] + [UInt8](repeating: 66, count: 255)) + [0]
    let place = 13 + 128 * 3
    gif.insert(
      contentsOf: [[UInt8]](repeating: comment, count: 20_000).joined(), at: place)
    files.append(("GIF, comments", gif))
    return files
  }

  /// EXIF whose entries all point to the same bytes of text.
  private static func manyNotes(entries: Int, size: Int) -> [UInt8] {
    let order = ByteOrder.little
    let text = 8 + 2 + entries * 12 + 4
    var block: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0] + order.bytes(entries, 2)
    for entry in 0..<entries {
      block += order.bytes(0x9000 + entry % 0x500, 2) + order.bytes(2, 2)
      block += order.bytes(max(0, size - text), 4) + order.bytes(text, 4)
    }
    return block + [0, 0, 0, 0] + [UInt8](repeating: 67, count: max(0, size - text))
  }

  /// A TIFF whose unknown tags all point to the same megabyte.
  private static func manyTags() -> [UInt8] {
    let order = ByteOrder.little
    let text = [UInt8](repeating: 68, count: 1 << 20)
    var file = TIFFFile(width: 1, height: 1, samples: [1, 2, 3]).bytes
    let start = Int(file[4]) | Int(file[5]) << 8
    let count = Int(file[start]) | Int(file[start + 1]) << 8
    let known = Array(file[(start + 2)..<(start + 2 + count * 12)])
    if file.count % 2 == 1 { file.append(0) }
    let place = file.count
    file += text
    let directory = file.count
    file += order.bytes(count + 20_000, 2) + known
    for tag in 0..<20_000 {
      file += order.bytes(40_000 + tag, 2) + order.bytes(7, 2)
      file += order.bytes(text.count, 4) + order.bytes(place, 4)
    }
    file += [0, 0, 0, 0]
    file.replaceSubrange(4..<8, with: order.bytes(directory, 4))
    return file
  }

  private static func zeros(width: Int, height: Int) throws -> [UInt8] {
    let picture = try Bitmap(width: width, height: height, channels: 3) {
      $0.initialize(repeating: 0)
    }
    let png = try Codec.encode(picture, as: .png)
    var stream: [UInt8] = []
    var at = 8
    while at + 12 <= png.count {
      let size = png[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
      if png[(at + 4)..<(at + 8)].elementsEqual("IDAT".utf8) {
        stream += png[(at + 8)..<(at + 8 + size)]
      }
      at += 12 + size
    }
    return stream
  }

  @Test("a JPEG of thousands of scans is refused: each costs as much as the image")
  func scans() throws {
    let file = try SampleFile.bytes(.jpeg)
    let start = try #require(file.firstRange(of: [0xFF, 0xDA])).lowerBound
    let scan = [[UInt8]](repeating: Array(file[start..<(file.count - 2)]), count: 200).joined()
    #expect(throws: EngineError.self) {
      try Codec.decode(Array(file[..<start]) + scan + [0xFF, 0xD9], field: "image")
    }
  }
}
