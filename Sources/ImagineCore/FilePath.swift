/// The name of a file as the system has it: bytes, which need not be UTF-8.
///
/// A name that is read as text loses what is not UTF-8, and then names another file, or none.
public struct FilePath: Sendable, Hashable {
  public let bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  public init(_ text: some StringProtocol) {
    bytes = Array(text.utf8)
  }

  /// The name as C has it, for the system's functions.
  public var cString: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

  /// The name as text; nil where it is not UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }

  private static let slash = UInt8(ascii: "/")

  public var isAbsolute: Bool { bytes.first == Self.slash }

  /// Without slashes at the end, unless that is all there is.
  private var trimmed: ArraySlice<UInt8> {
    bytes.lastIndex { $0 != Self.slash }.map { bytes[...$0] } ?? bytes.prefix(1)
  }

  /// The folder that it is in; `.` for a bare name.
  public var parent: FilePath {
    guard let slash = trimmed.lastIndex(of: Self.slash) else { return FilePath(".") }
    let folder = trimmed[..<slash]
    let end = folder.lastIndex { $0 != Self.slash }
    return end.map { FilePath(bytes: folder[...$0]) } ?? FilePath("/")
  }

  /// The part behind the last slash.
  public var name: FilePath {
    guard let slash = bytes.lastIndex(of: Self.slash) else { return self }
    return FilePath(bytes: bytes[(slash + 1)...])
  }

  /// A name in this folder.
  public func appending(_ name: FilePath) -> FilePath {
    FilePath(bytes: bytes + (bytes.last == Self.slash ? [] : [Self.slash]) + name.bytes)
  }

  public func appending(_ name: String) -> FilePath { appending(FilePath(name)) }
}

extension FilePath: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(text) }
}

extension FilePath: CustomStringConvertible {
  /// The name for people: what is not UTF-8 and what a terminal would obey is spelt out.
  public var description: String {
    if let text { return text.printable }
    return bytes.reduce(into: "") { text, byte in
      if (0x20..<0x7F).contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}
