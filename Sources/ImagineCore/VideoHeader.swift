/// What an MP4's movie box says of it.
public struct VideoHeader: Sendable, Hashable {
  /// Pixels.
  public let size: PixelSize
  /// Seconds.
  public let duration: Double

  /// Reads the boxes of ISO/IEC 14496-12 that tell size and duration.
  ///
  /// - Parameter read: at most `count` bytes of the file from `offset`.
  /// - Returns: nil where the file is no MP4 with a picture track.
  public init?(reading read: (_ offset: Int, _ count: Int) throws -> [UInt8]) rethrows {
    var offset = 0
    while true {
      let head = Box(try read(offset, 16), at: offset)
      guard let head else { return nil }
      if head.type == "moov" {
        guard head.length < 1 << 24 else { return nil }
        self.init(movie: try read(head.contentOffset, head.end - head.contentOffset))
        return
      }
      offset = head.end
    }
  }

  private init?(movie: [UInt8]) {
    var duration: Double?
    var size: PixelSize?
    for box in Box.boxes(in: movie[...]) {
      switch box.type {
      case "mvhd": duration = Self.duration(movie[box.content])
      case "trak":
        for inner in Box.boxes(in: movie[box.content]) where inner.type == "tkhd" {
          size = size ?? Self.size(movie[inner.content])
        }
      default: break
      }
    }
    guard let duration, let size else { return nil }
    self.duration = duration
    self.size = size
  }

  /// Time scale and duration, of 32 bits or, in version 1, 64.
  private static func duration(_ bytes: ArraySlice<UInt8>) -> Double? {
    let isLong = bytes.first == 1
    guard let scale = bytes.big(isLong ? 20 : 12, 4), scale > 0,
      let length = bytes.big(isLong ? 24 : 16, isLong ? 8 : 4)
    else { return nil }
    return Double(length) / Double(scale)
  }

  /// Width and height are the last fields, in 16.16; a track of sound has none.
  private static func size(_ bytes: ArraySlice<UInt8>) -> PixelSize? {
    let start = bytes.first == 1 ? 88 : 76
    guard let width = bytes.big(start, 4), let height = bytes.big(start + 4, 4), width > 0,
      height > 0
    else { return nil }
    return PixelSize(width: width >> 16, height: height >> 16)
  }
}

/// The head of a box: its type and where it lies.
private struct Box {
  let type: String
  let contentOffset: Int
  let end: Int

  var length: Int { end - contentOffset }
  var content: Range<Int> { contentOffset..<end }

  /// - Parameter bytes: at least the first 8 of the box, 16 if there are as many.
  init?(_ bytes: some Collection<UInt8>, at offset: Int) {
    let head = Array(bytes.prefix(16))[...]
    guard var length = head.big(0, 4), head.count >= 8 else { return nil }
    var headLength = 8
    if length == 1 {
      guard let long = head.big(8, 8) else { return nil }
      length = long
      headLength = 16
    }
    guard length >= headLength, length < 1 << 48 else { return nil }
    type = String(decoding: head[4..<8], as: UTF8.self)
    contentOffset = offset + headLength
    end = offset + length
  }

  /// The boxes that lie whole in a range.
  static func boxes(in bytes: ArraySlice<UInt8>) -> [Box] {
    var boxes: [Box] = []
    var offset = bytes.startIndex
    while let box = Box(bytes[offset...], at: offset), box.end <= bytes.endIndex {
      boxes.append(box)
      offset = box.end
    }
    return boxes
  }
}

extension ArraySlice<UInt8> {
  /// A big-endian number, by its place from the start of the slice.
  fileprivate func big(_ offset: Int, _ length: Int) -> Int? {
    let start = startIndex + offset
    guard start + length <= endIndex else { return nil }
    return self[start..<start + length].reduce(0) { $0 << 8 | Int($1) }
  }
}
