/// A TIFF written by hand: one strip, uncompressed, either byte order.
struct TIFFFile {
  enum Colours: Int {
    case grey = 1
    case rgb = 2
    case palette = 3
    case cmyk = 5
  }

  var width: Int
  var height: Int
  var colours = Colours.rgb
  /// Samples per pixel; one more than the colours need is an alpha.
  var channels = 3
  /// 8 or 16 bits per sample.
  var depth = 8
  var order = ByteOrder.little
  var samples: [Int]
  var orientation: Int?
  var profile: [UInt8]?
  /// 256 reds, then greens, then blues, 16 bits each.
  var palette: [Int]?
  var claimedSize: (width: Int, height: Int)?
  /// Declares tiles of this size.
  var tile: (width: Int, height: Int)?
  /// A second size under the same tags, after the right one.
  var secondSize: (width: Int, height: Int)?

  var bytes: [UInt8] {
    let pixels = samples.flatMap { order.bytes($0, depth / 8) }
    let (claimedWidth, claimedHeight) = claimedSize ?? (width, height)
    var directory = Directory(order: order, start: 8 + pixels.count + pixels.count % 2)
    directory.add(256, .long, [claimedWidth])
    directory.add(257, .long, [claimedHeight])
    directory.add(258, .short, Array(repeating: depth, count: channels))
    directory.add(259, .short, [1])
    directory.add(262, .short, [colours.rawValue])
    directory.add(273, .long, [8])
    if let orientation { directory.add(274, .short, [orientation]) }
    directory.add(277, .short, [channels])
    directory.add(278, .long, [claimedHeight])
    directory.add(279, .long, [pixels.count])
    directory.add(284, .short, [1])
    if let palette { directory.add(320, .short, palette) }
    if channels > (colours == .cmyk ? 4 : colours == .rgb ? 3 : 1) {
      directory.add(338, .short, [2])
    }
    if let tile {
      directory.add(322, .long, [tile.width])
      directory.add(323, .long, [tile.height])
      directory.add(324, .long, [8])
      directory.add(325, .long, [pixels.count])
    }
    if let secondSize {
      directory.add(256, .long, [secondSize.width])
      directory.add(257, .long, [secondSize.height])
    }
    if let profile { directory.add(34_675, .undefined, profile.map(Int.init)) }
    let mark: [UInt8] = order == .little ? [0x49, 0x49] : [0x4D, 0x4D]
    return mark + order.bytes(42, 2) + order.bytes(8 + pixels.count + pixels.count % 2, 4)
      + pixels + (pixels.count % 2 == 1 ? [0] : []) + directory.bytes
  }

  /// A directory of tags; values that do not fit into their entry follow it.
  struct Directory {
    enum Kind: Int {
      case short = 3
      case long = 4
      case undefined = 7

      var size: Int { self == .short ? 2 : self == .long ? 4 : 1 }
    }

    let order: ByteOrder
    /// The directory's offset in the file.
    let start: Int
    private var entries: [(tag: Int, kind: Kind, values: [Int])] = []

    init(order: ByteOrder, start: Int) {
      self.order = order
      self.start = start
    }

    mutating func add(_ tag: Int, _ kind: Kind, _ values: [Int]) {
      entries.append((tag, kind, values))
    }

    var bytes: [UInt8] {
      var directory = order.bytes(entries.count, 2)
      var after: [UInt8] = []
      let end = start + 2 + entries.count * 12 + 4
      for (tag, kind, values) in entries {
        directory += order.bytes(tag, 2) + order.bytes(kind.rawValue, 2)
        directory += order.bytes(values.count, 4)
        var value = values.flatMap { order.bytes($0, kind.size) }
        if value.count > 4 {
          directory += order.bytes(end + after.count, 4)
          if value.count % 2 == 1 { value.append(0) }
          after += value
        } else {
          directory += value + Array(repeating: 0, count: 4 - value.count)
        }
      }
      return directory + order.bytes(0, 4) + after
    }
  }
}

/// The EXIF that the tests need.
enum Exif {
  /// The EXIF block of an orientation, 1 … 8.
  static func orientation(_ value: Int) -> [UInt8] {
    var directory = TIFFFile.Directory(order: .little, start: 8)
    directory.add(274, .short, [value])
    return [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0] + directory.bytes
  }
}
