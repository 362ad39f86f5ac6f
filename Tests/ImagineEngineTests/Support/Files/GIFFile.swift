/// A GIF written by hand: frames with one palette, uncompressed.
struct GIFFile {
  var width: Int
  var height: Int
  /// Up to 128 colours.
  var palette: [(red: UInt8, green: UInt8, blue: UInt8)]
  /// One index per pixel.
  var frames: [[Int]]
  var transparent: Int?
  var claimedSize: (width: Int, height: Int)?
  /// The size in the frames' headers, if it differs from the screen's.
  var frameSize: (width: Int, height: Int)?

  var bytes: [UInt8] {
    let (claimedWidth, claimedHeight) = claimedSize ?? (width, height)
    var file = Array("GIF89a".utf8) + ByteOrder.little.bytes(claimedWidth, 2)
    file += ByteOrder.little.bytes(claimedHeight, 2) + [0xF6, 0, 0]
    for index in 0..<128 {
      let colour = index < palette.count ? palette[index] : (0, 0, 0)
      file += [colour.0, colour.1, colour.2]
    }
    for frame in frames {
      file += [0x21, 0xF9, 4, transparent == nil ? 0 : 1, 10, 0, UInt8(transparent ?? 0), 0]
      file += [0x2C, 0, 0, 0, 0]
      file += ByteOrder.little.bytes(frameSize?.width ?? claimedWidth, 2)
      file += ByteOrder.little.bytes(frameSize?.height ?? claimedHeight, 2)
      file += [0, 7] + Self.blocks(Self.codes(frame)) + [0]
    }
    return file + [0x3B]
  }

  /// Each pixel as a code of eight bits, with clear codes so often that the codes never grow.
  private static func codes(_ frame: [Int]) -> [UInt8] {
    var codes = BitWriter(first: .lowest)
    for (index, colour) in frame.enumerated() {
      if index % 100 == 0 { codes.write(128, bits: 8) }
      codes.write(colour, bits: 8)
    }
    codes.write(129, bits: 8)
    return codes.bytes
  }

  private static func blocks(_ bytes: [UInt8]) -> [UInt8] {
    stride(from: 0, to: bytes.count, by: 255).flatMap { start in
      let block = bytes[start..<min(start + 255, bytes.count)]
      return [UInt8(block.count)] + block
    }
  }
}
