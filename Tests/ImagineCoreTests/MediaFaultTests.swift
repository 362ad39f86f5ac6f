import ImagineCore
import ImagineTestSupport
import Testing

@Suite("A picture or a film is whole by its own format, or a fault")
struct MediaFaultTests {
  private static var all: [(format: String, bytes: [UInt8])] {
    SampleMedia.pictures + SampleMedia.films
  }

  private func fault(_ bytes: some Sequence<UInt8>) -> MediaFault? {
    MediaFault(in: MediaSource(Array(bytes)))
  }

  @Test("what is whole has none, nor with something behind its end")
  func whole() {
    for (format, bytes) in Self.all {
      #expect(fault(bytes) == nil, "\(format)")
      #expect(fault(bytes + Array("<html>what a proxy has added</html>".utf8)) == nil, "\(format)")
    }
  }

  @Test("what is cut anywhere is told")
  func cut() {
    for (format, bytes) in Self.all {
      let whole = (16..<bytes.count).filter { fault(bytes[..<$0]) == nil }
      #expect(whole.isEmpty, "\(format): whole with \(whole.prefix(5)) of \(bytes.count) bytes")
    }
  }

  @Test("a file that is read by its places is judged as one in memory")
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

  @Test("an error of reading is kept, and is no fault of the picture's")
  func unreadable() {
    let source = MediaSource(byteCount: 1000, head: Array(SampleMedia.png.prefix(20))) {
      (_, _) throws(ImagineError) in throw ImagineError(.io, "the disk is gone")
    }
    _ = MediaFault(in: source)
    #expect(source.failure?.message == "the disk is gone")
  }

  @Test("a PNG whose pixels were changed on the way is damaged")
  func checksum() {
    var bytes = SampleMedia.png
    bytes[bytes.count / 2] ^= 1
    #expect(fault(bytes)?.description.contains("wrong checksum") == true)
  }

  @Test("text, and what is no picture, is no concern of it")
  func other() {
    #expect(fault(Array("{\"status\":\"error\"}".utf8)) == nil)
    #expect(fault([]) == nil)
  }

  @Test("damaged bytes of every format are judged without a trap")
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
        _ = PictureHeader(copy)
        _ = VideoHeader(MediaSource(copy))
      }
    }
  }
}
