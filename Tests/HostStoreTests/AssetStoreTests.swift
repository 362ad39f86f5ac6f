import Foundation
import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@testable import HostStore
@testable import ImagineSystem

@Suite("Assets are stored by their content")
struct AssetStoreTests {
  private let temporary: TemporaryFolder
  /// Does not exist yet.
  private var folder: String { temporary.file("new") }

  init() throws { temporary = try TemporaryFolder() }
  var store: FileAssetStore { FileAssetStore(root: folder) }

  private func names() -> [String] {
    (try? FileManager.default.subpathsOfDirectory(atPath: folder))?.sorted() ?? []
  }

  @Test("a staged file is copied once, and what is no whole image is refused")
  func staged() async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/in.png"
    try Data(Sample.png.bytes).write(to: URL(fileURLWithPath: path))
    let first = try store.stage(.file(path: FilePath(path)))
    let number = try FileManager.default.attributesOfItem(atPath: first.path)[.systemFileNumber]
    let second = try store.stage(.bytes(Sample.png.bytes))
    let again = try FileManager.default.attributesOfItem(atPath: second.path)[.systemFileNumber]
    #expect(first == second && number as? Int == again as? Int)
    try await store.sync(first)
    #expect(try store.content(of: first) == Sample.png.bytes)
    let error = #expect(throws: ImagineError.self) {
      try store.stage(.bytes(Array(Sample.png.bytes.dropLast(4))))
    }
    #expect(error?.kind == .validation)
  }

  @Test("equal contents are stored once, under their SHA-256")
  func twice() async throws {
    let first = try await store.store(Array("abc".utf8))
    let second = try await store.store(Array("abc".utf8))
    #expect(first.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(first == second)
    #expect(names() == ["ba", "ba/\(first.sha256).bin"])
    #expect(try store.asset(sha256: first.sha256) == first)
    #expect(try store.asset(sha256: String(repeating: "0", count: 64)) == nil)
  }

  @Test("storing a truncated file again repairs it")
  func damaged() async throws {
    let asset = try await store.store(Array("abc".utf8))
    try Data("a".utf8).write(to: URL(fileURLWithPath: asset.path))
    #expect(try await store.store(Array("abc".utf8)) == asset)
    #expect(try store.bytes(of: asset, from: 0, count: 10) == Array("abc".utf8))
  }

  @Test("an invalid hash finds no asset")
  func noHash() throws {
    let outside = "\(folder)/../../etc/passwd"
    #expect(try store.asset(sha256: outside) == nil)
    #expect(try store.asset(sha256: String(repeating: "A", count: 64)) == nil)
  }

  @Test("a discarded writer leaves no file")
  func discarded() throws {
    let writer = try store.makeWriter()
    try Array("half".utf8).withUnsafeBytes { try writer.write($0) }
    writer.discard()
    #expect(names() == [])
  }

  @Test("files that are stored concurrently are all complete")
  func together() async throws {
    let store = store
    let assets = try await withThrowingTaskGroup(of: (Int, Asset).self) { group in
      for index in 0..<200 {
        group.addTask { (index, try await store.store(Array("number \(index % 190)".utf8))) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (index, asset) in assets {
      let bytes = try store.bytes(of: asset, from: 0, count: 100)
      #expect(String(decoding: bytes, as: UTF8.self) == "number \(index % 190)")
    }
    #expect(names().filter { $0.hasSuffix(".bin") }.count == 190)
    #expect(!names().contains { $0.contains("part") })
  }

  @Test("a file that cannot be renamed does not fail the others")
  func oneFails() async throws {
    let store = store
    let asset = try await store.store(Array("abc".utf8))
    let folder = folder
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for index in 0..<20 {
        group.addTask {
          // A file cannot replace a folder.
          let name = index == 7 ? "ba" : "copy-\(index)"
          return
            (try? await store.export(
              asset, to: FilePath("\(folder)/\(name)"), replacing: true, embedding: nil)) != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(outcomes == 19)
    #expect(names().filter { $0.hasPrefix("copy-") }.count == 19)
    #expect(!names().contains { $0.contains("part") })
  }

  @Test("an export creates the missing folders")
  func exported() async throws {
    let asset = try await store.store(Array("abc".utf8))
    let path = "\(folder)/a/b/c.bin"
    try await store.export(asset, to: FilePath(path), replacing: false, embedding: nil)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "abc")
  }

  @Test("a file that may not be replaced is an error and is unchanged")
  func notReplaced() async throws {
    let asset = try await store.store(Array("abc".utf8))
    let path = "\(folder)/c.bin"
    try "mine".write(toFile: path, atomically: true, encoding: .utf8)
    let error = await #expect(throws: ImagineError.self) {
      try await store.export(asset, to: FilePath(path), replacing: false, embedding: nil)
    }
    #expect(error?.kind == .io)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    try await store.export(asset, to: FilePath(path), replacing: true, embedding: nil)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "abc")
    #expect(!names().contains { $0.contains("part") })
  }

  @Test("a file that already has the content is left unchanged without an error")
  func savedAgain() async throws {
    for metadata in [nil, ImageMetadataTests.metadata] {
      let asset = try await store.store(BlankImage.png(size: PixelSize(width: 8, height: 8)))
      let path = "\(folder)/again-\(metadata == nil).png"
      try await store.export(asset, to: FilePath(path), replacing: false, embedding: metadata)
      func number() throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
      }
      let first = try number()
      try await store.export(asset, to: FilePath(path), replacing: false, embedding: metadata)
      #expect(try number() == first)
      // The same length, so that the contents are compared.
      var other = try Data(contentsOf: URL(filePath: path))
      other[other.count - 1] ^= 1
      try other.write(to: URL(filePath: path))
      await #expect(throws: ImagineError.self) {
        try await store.export(asset, to: FilePath(path), replacing: false, embedding: metadata)
      }
    }
  }

  @Test("a header after large metadata is found, both on writing and on lookup")
  func deepHeader() async throws {
    // A JPEG's frame header after 120 kB of comments.
    let comment = [0xFF, 0xFE, 0xEA, 0x62] + [UInt8](repeating: 7, count: 60_000)
    let frame: [UInt8] = [0xFF, 0xC0, 0, 11, 8, 2, 0xD0, 5, 0, 1, 1, 0x11, 0]
    let scan: [UInt8] = [0xFF, 0xDA, 0, 2, 7, 0xFF, 0xD9]
    let asset = try await store.store([0xFF, 0xD8] + comment + comment + frame + scan)
    #expect(asset.header == ImageHeader(format: .jpeg, size: PixelSize(width: 1280, height: 720)))
    #expect(try store.asset(sha256: asset.sha256) == asset)
  }

  @Test("an export writes to an existing pipe and does not replace it", arguments: [false, true])
  func pipe(replacing: Bool) async throws {
    let asset = try await store.store(Array("abc".utf8))
    let path = "\(folder)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    async let read = Task.detached { try FileReader(FilePath(path)).all() }.value
    try await store.export(asset, to: FilePath(path), replacing: replacing, embedding: nil)
    #expect(try await read == Array("abc".utf8))
    var facts = stat()
    #expect(stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFIFO)
  }

  @Test("a truncated image or video is not stored")
  func truncated() async throws {
    for (format, bytes) in SampleMedia.images + SampleMedia.videos {
      let half = Array(bytes.dropLast(bytes.count / 2))
      let error = await #expect(throws: ImagineError.self, "\(format)") {
        try await store.store(half)
      }
      #expect(error?.kind == .badResponse && error?.message.contains("is truncated") == true)
      let path = temporary.file("half.\(format)")
      try Data(half).write(to: URL(filePath: path))
      let refused = await #expect(throws: ImagineError.self) {
        try await store.importFile(FilePath(path))
      }
      #expect(refused?.kind == .validation && refused?.message.contains(path) == true)
    }
    #expect(names().filter { !$0.hasPrefix("ba") } == [])
  }

  @Test("a damaged asset is detected on use and not found afterwards")
  func found() async throws {
    let image = TinyImage.png + [UInt8](repeating: 7, count: 10_000)
    let asset = try await store.store(image)
    var bytes = image
    bytes.replaceSubrange(2000..<6096, with: [UInt8](repeating: 0, count: 4096))
    try Data(bytes).write(to: URL(filePath: asset.path))
    let path = temporary.file("out.png")
    for metadata in [nil, ImageMetadataTests.metadata] {
      let error = await #expect(throws: ImagineError.self) {
        try await store.export(asset, to: FilePath(path), replacing: true, embedding: metadata)
      }
      #expect(error?.kind == .io)
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(try store.asset(sha256: asset.sha256) == nil)
      // The asset is damaged again for the next check.
      try Data(bytes).write(to: URL(filePath: asset.path))
    }
    #expect(throws: ImagineError.self) { try store.verify(asset) }
    try Data(bytes).write(to: URL(filePath: asset.path))
    #expect(try await store.store(image) == asset)
    try store.verify(asset)
  }

  @Test("a file that is too large or endless is not imported")
  func endless() async throws {
    let error = await #expect(throws: ImagineError.self) {
      try await store.importFile("/dev/zero")
    }
    #expect(error?.kind == .io && error?.message.contains("larger than 128 MiB") == true)
  }
}

@Suite("A saved image carries metadata")
struct ImageMetadataTests {
  static let metadata = ImageMetadata(
    request: RequestDescription(
      operation: "generate",
      fields: [
        "prompt": .text("a \"cat\"\nin Zürich"), "style": .text("anime"),
        "aspect_ratio": .text("1:1"), "seed": .integer(7),
      ]),
    provider: "local", engine: "1", size: PixelSize(width: 2, height: 1))

  /// The smallest PNG: header, data and end chunks with valid checksums.
  private func png() throws -> [UInt8] {
    let base64 = """
      iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DA8J8BAAf/Af8Bf4mnAAAAAElFTkSuQmCC
      """
    return Array(try #require(Data(base64Encoded: base64)))
  }

  /// The text chunks, read and their checksums verified by Python's zlib.
  private func chunks(_ image: [UInt8]) throws -> [String: String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c",
      """
      import sys, struct, zlib, json
      b = sys.stdin.buffer.read(); o = 8; found = {}
      while o < len(b):
          n, t = struct.unpack('>I4s', b[o:o+8]); d = b[o+8:o+8+n]
          assert zlib.crc32(t + d) == struct.unpack('>I', b[o+8+n:o+12+n])[0], t
          if t == b'tEXt': k, v = d.split(b'\\0', 1); found[k.decode()] = v.decode('latin-1')
          if t == b'iTXt': k, v = d.split(b'\\0', 1); found[k.decode()] = v[4:].decode()
          o += 12 + n
      print(json.dumps(found))
      """,
    ]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(image))
    input.fileHandleForWriting.closeFile()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode([String: String].self, from: answer)
  }

  @Test("a PNG carries its parameters, the request as JSON and the source type")
  func inPNG() throws {
    let texts = try chunks(Self.metadata.embedded(in: try png(), format: .png))
    #expect(
      texts["parameters"]
        == "a \"cat\"\nin Zürich\nSteps: 0, Sampler: local, Seed: 7, Size: 2x1, Model: anime, "
        + "Version: imagine")
    let json = try JSONSerialization.jsonObject(with: Data((texts["imagine"] ?? "").utf8))
    #expect((json as? [String: Any])?["prompt"] as? String == Self.metadata.prompt)
    #expect((json as? [String: Any])?["seed"] as? Int == 7)
    #expect(texts["XML:com.adobe.xmp"]?.contains("/algorithmicMedia") == true)
  }

  @Test("an image without an engine has the source type of a trained model")
  func trained() {
    var metadata = Self.metadata
    metadata.engine = nil
    #expect(metadata.xmp(carriesJSON: true).contains("/trainedAlgorithmicMedia"))
  }

  @Test("a JPEG carries the source type after its first segments")
  func inJPEG() {
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xDB, 0, 2]
    let result = Self.metadata.embedded(in: jpeg, format: .jpeg)
    #expect(Array(result.prefix(8)) == Array(jpeg.prefix(8)))
    #expect(Array(result[8...9]) == [0xFF, 0xE1])
    #expect(Array(result.suffix(4)) == Array(jpeg.suffix(4)))
  }

  @Test("a file that is too short for its format is returned unchanged")
  func damaged() {
    #expect(Self.metadata.embedded(in: [1, 2, 3], format: .png) == [1, 2, 3])
  }
}
