/// Names of files, arguments and folders are bytes, and need not be UTF-8. Where they are kept as
/// text, as in the journal, no byte is lost: one that is no UTF-8 is kept as the character
/// U+10FF00 and the byte, which is for private use and has no other meaning.
extension String {
  /// Text from which ``bytesOfName`` gives the same bytes again.
  public init(nameOf bytes: some Collection<UInt8>) {
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: \.isByte)
    {
      self = text
      return
    }
    var text = ""
    var rest = Array(bytes)[...]
    while let first = rest.first {
      let length = Self.lengthOfScalar(startingWith: first)
      if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
        !scalar.isByte
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

  /// The bytes that the text was made of, by ``init(nameOf:)``.
  public var bytesOfName: [UInt8] {
    unicodeScalars.flatMap { scalar in
      scalar.isByte ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
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
  /// Whether it stands for a byte that is no UTF-8.
  var isByte: Bool { (0x10FF80...0x10FFFF).contains(value) }

  fileprivate init(byte: UInt8) {
    // In range: no byte below 0x80 is anything but UTF-8.
    self = Unicode.Scalar(0x10FF00 + UInt32(byte)) ?? "\u{FFFD}"
  }
}
