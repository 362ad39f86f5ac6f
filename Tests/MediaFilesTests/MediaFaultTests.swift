import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@Suite("A truncated or damaged image or video is detected")
struct MediaFaultTests {
  private static var all: [(format: String, bytes: [UInt8])] {
    SampleMedia.images + SampleMedia.videos
  }

  private func fault(_ bytes: some Sequence<UInt8>) -> MediaFault? {
    MediaFault(in: MediaSource(Array(bytes)))
  }

  @Test("a complete file has no fault, even with bytes after its end")
  func whole() {
    for (format, bytes) in Self.all {
      #expect(fault(bytes) == nil, "\(format)")
      #expect(fault(bytes + Array("<html>what a proxy has added</html>".utf8)) == nil, "\(format)")
    }
  }

  @Test("a file that is truncated anywhere has a fault")
  func cut() {
    for (format, bytes) in Self.all {
      let whole = (16..<bytes.count).filter { fault(bytes[..<$0]) == nil }
      #expect(whole.isEmpty, "\(format): whole with \(whole.prefix(5)) of \(bytes.count) bytes")
    }
  }

  @Test("a file that is read by offset gives the same result as one in memory")
  func places() {
    for (format, bytes) in Self.all {
      for count in [bytes.count, bytes.count / 2] {
        let source = MediaSource(byteCount: count, head: Array(bytes.prefix(20))) {
          offset, length in
          Array(bytes[offset..<min(count, offset + length)])
        }
        #expect(MediaFault(in: source) == fault(bytes[..<count]), "\(format)")
      }
    }
  }

  @Test("a read error is kept apart from a fault of the file")
  func unreadable() {
    let source = MediaSource(byteCount: 1000, head: Array(SampleMedia.png.prefix(20))) {
      (_, _) throws(ImagineError) in throw ImagineError(.io, "the disk is gone")
    }
    _ = MediaFault(in: source)
    #expect(source.failure?.message == "the disk is gone")
  }

  @Test("a PNG with changed pixels has a wrong checksum")
  func checksum() {
    var bytes = SampleMedia.png
    bytes[bytes.count / 2] ^= 1
    #expect(fault(bytes)?.description.contains("wrong checksum") == true)
  }

  @Test("a text or an empty file has no media fault")
  func other() {
    #expect(fault(Array("{\"status\":\"error\"}".utf8)) == nil)
    #expect(fault([]) == nil)
  }

  @Test("damaged files of every format are checked without a trap")
  func damaged() {
    var random = SystemRandomNumberGenerator()
    for (_, bytes) in Self.all {
      for _ in 0..<300 {
        var copy = bytes
        for _ in 0..<Int.random(in: 1...6, using: &random) {
          copy[Int.random(in: 0..<copy.count, using: &random)] =
            Bool.random(using: &random) ? 0xFF : UInt8.random(in: 0...255, using: &random)
        }
        _ = fault(copy)
        _ = ImageHeader(copy)
        _ = VideoHeader(MediaSource(copy))
      }
    }
  }
}
