/// ICC profiles with predictable effects.
enum ColourProfile {
  /// sRGB with red and green exchanged: stored pure red is green.
  static let redIsGreen = matrix(red: green, green: red, blue: blue)

  private static let red = [0.4360, 0.2225, 0.0139]
  private static let green = [0.3851, 0.7169, 0.0971]
  private static let blue = [0.1431, 0.0606, 0.7141]

  /// A display profile with these primaries and a gamma of 2.2.
  private static func matrix(red: [Double], green: [Double], blue: [Double]) -> [UInt8] {
    let big = ByteOrder.big
    func xyz(_ values: [Double]) -> [UInt8] {
      Array("XYZ ".utf8) + big.bytes(0, 4) + values.flatMap { big.bytes(Int($0 * 65_536), 4) }
    }
    let curve = Array("curv".utf8) + big.bytes(0, 4) + big.bytes(1, 4) + big.bytes(563, 2) + [0, 0]
    let name = Array("red is green".utf8) + [0]
    let description =
      Array("desc".utf8) + big.bytes(0, 4) + big.bytes(name.count, 4) + name
      + [UInt8](repeating: 0, count: 78 + 3)
    let rights = Array("text".utf8) + big.bytes(0, 4) + Array("none".utf8) + [0, 0, 0, 0]
    let tags: [(String, [UInt8])] = [
      ("desc", description), ("cprt", rights), ("wtpt", xyz([0.9642, 1, 0.8249])),
      ("rXYZ", xyz(red)), ("gXYZ", xyz(green)), ("bXYZ", xyz(blue)), ("rTRC", curve),
      ("gTRC", curve), ("bTRC", curve),
    ]
    var table = big.bytes(tags.count, 4)
    var data: [UInt8] = []
    let start = 128 + 4 + tags.count * 12
    for (tag, bytes) in tags {
      table += Array(tag.utf8) + big.bytes(start + data.count, 4) + big.bytes(bytes.count, 4)
      data += bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
    var header = big.bytes(start + data.count, 4) + big.bytes(0, 4) + big.bytes(0x0240_0000, 4)
    header += Array("mntrRGB XYZ ".utf8)
    header += [7, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0] + Array("acsp".utf8)
    header += [UInt8](repeating: 0, count: 28)
    header += [0.9642, 1, 0.8249].flatMap { big.bytes(Int($0 * 65_536), 4) }
    header += [UInt8](repeating: 0, count: 128 - header.count)
    return header + table + data
  }
}
