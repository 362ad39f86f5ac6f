import ImagineAPI
import ImagineTestSupport
import MediaFiles
import Testing

@Suite("The size of an image is its size when shown upright")
struct UprightSizeTests {
  private let stored = PixelSize(width: 24, height: 16)

  private func shown(_ orientation: Int) -> PixelSize {
    orientation < 5 ? stored : PixelSize(width: 16, height: 24)
  }

  private func big(_ value: Int, _ count: Int = 4) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// An Exif block with only the orientation.
  private func exif(_ orientation: Int, isBigEndian: Bool = true) -> [UInt8] {
    isBigEndian
      ? Array("MM\0*".utf8) + big(8) + [0, 1, 1, 0x12, 0, 3] + big(1)
        + [0, UInt8(orientation), 0, 0] + big(0)
      : Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, UInt8(orientation)]
        + [0, 0, 0, 0, 0, 0, 0]
  }

  @Test("the size of a JPEG follows its orientation", arguments: 1...8)
  func jpeg(orientation: Int) {
    for isBigEndian in [true, false] {
      let body = Array("Exif\0\0".utf8) + exif(orientation, isBigEndian: isBigEndian)
      let segment = [0xFF, 0xE1] + big(body.count + 2, 2) + body
      let bytes = SampleMedia.jpeg[..<2] + segment + SampleMedia.jpeg[2...]
      #expect(ImageHeader(bytes)?.size == shown(orientation))
    }
  }

  @Test("the size of a PNG follows its orientation, before or after the pixels", arguments: 1...8)
  func png(orientation: Int) {
    let body = Array("eXIf".utf8) + exif(orientation)
    let chunk = big(body.count - 4) + body + big(Int(CRC32.checksum(body)))
    for place in [33, SampleMedia.png.count - 12] {
      let bytes = SampleMedia.png[..<place] + chunk + SampleMedia.png[place...]
      #expect(ImageHeader(bytes)?.size == shown(orientation))
    }
  }

  @Test("the size of a WebP follows its orientation", arguments: 1...8)
  func webp(orientation: Int) {
    let block = exif(orientation)
    let extended: [UInt8] =
      Array("VP8X".utf8) + [10, 0, 0, 0, 8, 0, 0, 0, 23, 0, 0, 15, 0, 0]
    let chunk = Array("EXIF".utf8) + big(block.count).reversed() + block
    let body = Array("WEBP".utf8) + extended + SampleMedia.webp[12...] + chunk
    let bytes = Array("RIFF".utf8) + big(body.count).reversed() + body
    #expect(ImageHeader(bytes)?.size == shown(orientation))
    #expect(MediaFault(in: MediaSource(bytes)) == nil)
  }

  @Test("the size of a TIFF follows its orientation", arguments: 1...8)
  func tiff(orientation: Int) {
    func entry(_ tag: Int, _ value: Int) -> [UInt8] {
      big(tag, 2) + [0, 3] + big(1) + big(value, 2) + [0, 0]
    }
    let bytes =
      Array("MM\0*".utf8) + big(8) + [0, 3] + entry(256, 24) + entry(257, 16)
      + entry(274, orientation) + big(0)
    #expect(ImageHeader(bytes)?.size == shown(orientation))
  }

  private func box(_ type: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count + 8) + Array(type.utf8) + content
  }

  /// An AVIF whose first item is a thumbnail and whose second is the image.
  private func avif(_ turns: Int) -> [UInt8] {
    func extents(_ width: Int, _ height: Int) -> [UInt8] {
      box("ispe", big(0) + big(width) + big(height))
    }
    let properties = box("ipco", extents(6, 4) + extents(24, 16) + box("irot", [UInt8(turns)]))
    let items = box("ipma", big(0) + big(2) + [0, 1, 1, 1] + [0, 2, 2, 2, 0x83])
    return box("ftyp", Array("avif".utf8) + big(0) + Array("mif1".utf8))
      + box("meta", big(0) + box("pitm", big(0) + [0, 2]) + box("iprp", properties + items))
  }

  @Test("the size of an AVIF is that of its primary item, rotated", arguments: 0...3)
  func avif(turns: Int) {
    let size = turns % 2 == 0 ? stored : PixelSize(width: 16, height: 24)
    #expect(ImageHeader(avif(turns))?.size == size)
  }

  @Test("the size of a video follows its rotation")
  func video() throws {
    var bytes = SampleMedia.mp4
    let name = try #require(bytes.firstRange(of: Array("tkhd".utf8)))
    let matrix = name.upperBound + 40
    #expect(VideoHeader(MediaSource(bytes))?.size == stored)
    bytes.replaceSubrange(
      matrix..<matrix + 20,
      with: big(0) + big(0x10000) + big(0) + big(-0x10000) + big(0))
    #expect(VideoHeader(MediaSource(bytes))?.size == PixelSize(width: 16, height: 24))
  }

  @Test("the header says whether an image has alpha")
  func alpha() {
    for (format, bytes) in SampleMedia.images {
      #expect(ImageHeader(bytes)?.hasAlpha == false, "\(format)")
    }
    var withAlpha = SampleMedia.png
    withAlpha[25] = 6
    #expect(ImageHeader(withAlpha)?.hasAlpha == true)
    let transparent = big(6) + Array("tRNS".utf8) + [0, 0, 0, 0, 0, 0] + big(0)
    #expect(
      ImageHeader(SampleMedia.png[..<33] + transparent + SampleMedia.png[33...])?.hasAlpha == true
    )
  }
}
