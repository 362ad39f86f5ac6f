/// A file path as bytes, which need not be UTF-8.
///
/// Decoding a path that is not UTF-8 would lose bytes and then name another file, or none.
public struct FilePath: Sendable, Hashable {
  public let bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  public init(_ text: some StringProtocol) {
    bytes = Array(text.utf8)
  }

  /// The path as a null-terminated C string.
  public var cString: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

  /// The path as text; nil if it is not UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }

  private static let slash = UInt8(ascii: "/")

  public var isAbsolute: Bool { bytes.first == Self.slash }

  /// Without trailing slashes, except for the root.
  private var trimmed: ArraySlice<UInt8> {
    bytes.lastIndex { $0 != Self.slash }.map { bytes[...$0] } ?? bytes.prefix(1)
  }

  /// The parent folder; `.` for a bare name.
  public var parent: FilePath {
    guard let slash = trimmed.lastIndex(of: Self.slash) else { return FilePath(".") }
    let folder = trimmed[..<slash]
    let end = folder.lastIndex { $0 != Self.slash }
    return end.map { FilePath(bytes: folder[...$0]) } ?? FilePath("/")
  }

  /// The part after the last slash.
  public var name: FilePath {
    guard let slash = bytes.lastIndex(of: Self.slash) else { return self }
    return FilePath(bytes: bytes[(slash + 1)...])
  }

  /// The path of a name in this folder.
  public func appending(_ name: FilePath) -> FilePath {
    FilePath(bytes: bytes + (bytes.last == Self.slash ? [] : [Self.slash]) + name.bytes)
  }

  public func appending(_ name: String) -> FilePath { appending(FilePath(name)) }
}

extension FilePath: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(text) }
}

extension FilePath: CustomStringConvertible {
  /// The path for display: bytes that are not UTF-8 and control characters are escaped, and an
  /// address that is given for a path shows no password.
  public var description: String {
    if let text { return text.redactingAddresses.printable }
    return bytes.reduce(into: "") { text, byte in
      if (0x20..<0x7F).contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}
