/// Stores names of files, arguments and folders, which are bytes and need not be UTF-8, as text
/// without losing a byte. A byte that is not UTF-8 becomes the private-use character U+10FF00 plus
/// the byte.
extension String {
  /// Text that ``fileNameBytes`` converts back to the same bytes.
  public init(fileNameBytes bytes: some Collection<UInt8>) {
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: \.isRawByte)
    {
      self = text
      return
    }
    var text = ""
    var rest = Array(bytes)[...]
    while let first = rest.first {
      let length = Self.lengthOfScalar(startingWith: first)
      if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
        !scalar.isRawByte
      {
        text.unicodeScalars.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        text.unicodeScalars.append(Unicode.Scalar(byte: first))
        rest = rest.dropFirst()
      }
    }
    self = text
  }

  /// The bytes from which ``init(fileNameBytes:)`` made the text.
  public var fileNameBytes: [UInt8] {
    unicodeScalars.flatMap { scalar in
      scalar.isRawByte ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  private static func lengthOfScalar(startingWith byte: UInt8) -> Int {
    switch byte {
    case 0xC0...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF7: 4
    default: 1
    }
  }
}

extension Unicode.Scalar {
  /// Whether it represents a byte that is not UTF-8.
  var isRawByte: Bool { (0x10FF80...0x10FFFF).contains(value) }

  fileprivate init(byte: UInt8) {
    // Always valid: every byte below 0x80 is UTF-8.
    self = Unicode.Scalar(0x10FF00 + UInt32(byte)) ?? "\u{FFFD}"
  }
}
