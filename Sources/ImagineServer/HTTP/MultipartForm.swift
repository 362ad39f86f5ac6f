#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A parsed `multipart/form-data` body (RFC 7578, RFC 2046).
///
/// Lines may end in CRLF or LF, but the lines around boundaries must agree. Text before the first
/// and after the last boundary is ignored.
struct MultipartForm: Sendable {
  /// One field of the form.
  struct Part: Sendable, Equatable {
    let name: String
    /// Nil if the part is not a file.
    let filename: String?
    let content: ArraySlice<UInt8>
  }

  /// Why a body is malformed, in words for its sender.
  struct ParseError: Error, Equatable {
    let reason: String
  }

  /// Enough for any real form, and few enough to limit the memory of the headers.
  static let maxParts = 64
  static let maxHeaderBytes = 16 << 10

  let parts: [Part]

  /// - Throws: ``ParseError``.
  init(_ bytes: [UInt8], boundary: String) throws(ParseError) {
    var scanner = try BoundaryScanner(bytes, boundary: boundary)
    var parts: [Part] = []
    while let content = try scanner.nextPart() {
      guard parts.count < Self.maxParts else {
        throw ParseError(reason: "the form has more than \(Self.maxParts) parts")
      }
      parts.append(try Part(bytes[content], number: parts.count + 1))
    }
    self.parts = parts
  }

  /// The boundary of a `Content-Type`.
  ///
  /// - Throws: ``ParseError`` for another type, or a missing or malformed boundary.
  static func boundary(inContentType header: String?) throws(ParseError) -> String {
    guard let header else {
      throw ParseError(reason: "the request has no Content-Type (expected multipart/form-data)")
    }
    let value = HeaderValue(header)
    guard value.main.lowercased() == "multipart/form-data" else {
      throw ParseError(
        reason: "the Content-Type is '\(value.main.prefix(60))' (expected multipart/form-data)")
    }
    guard let boundary = value.parameters["boundary"], !boundary.isEmpty else {
      throw ParseError(reason: "the Content-Type has no boundary")
    }
    guard boundary.utf8.count <= 200, !boundary.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else { throw ParseError(reason: "the Content-Type has a malformed boundary") }
    return boundary
  }
}

/// Finds the parts between the boundaries of a body.
private struct BoundaryScanner {
  private let bytes: [UInt8]
  private let dashBoundary: [UInt8]
  /// The line break before every boundary but the first.
  private let newline: [UInt8]
  private var position: Int
  private var isClosed: Bool

  init(_ bytes: [UInt8], boundary: String) throws(MultipartForm.ParseError) {
    self.bytes = bytes
    dashBoundary = Array("--\(boundary)".utf8)
    var start = 0
    while let found = bytes.firstRange(of: dashBoundary, from: start) {
      let atLineStart = found == 0 || bytes[found - 1] == UInt8(ascii: "\n")
      if atLineStart, let line = BoundaryLine(bytes, after: found + dashBoundary.count) {
        newline = line.newline
        position = line.end
        isClosed = line.isLast
        return
      }
      start = found + 1
    }
    throw MultipartForm.ParseError(
      reason: bytes.isEmpty
        ? "the body is empty" : "the body does not contain the boundary of its Content-Type")
  }

  /// Range of the next part, headers and content; nil after the last.
  mutating func nextPart() throws(MultipartForm.ParseError) -> Range<Int>? {
    guard !isClosed else { return nil }
    let delimiter = newline + dashBoundary
    // The newline before the delimiter may also end an empty header block.
    var start = max(0, position - newline.count)
    while let found = bytes.firstRange(of: delimiter, from: start) {
      if let line = BoundaryLine(bytes, after: found + delimiter.count) {
        let part = position..<max(position, found)
        position = line.end
        isClosed = line.isLast
        return part
      }
      start = found + 1
    }
    throw MultipartForm.ParseError(reason: "the body ends before its closing boundary")
  }
}

/// The rest of a line that starts with the boundary.
private struct BoundaryLine {
  let isLast: Bool
  let newline: [UInt8]
  /// Start of the next line.
  let end: Int

  /// Nil if anything else follows: then the line is content that looks like a boundary.
  init?(_ bytes: [UInt8], after start: Int) {
    var index = start
    isLast = bytes[index...].starts(with: Array("--".utf8))
    if isLast { index += 2 }
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    if bytes[index...].starts(with: [0x0D, 0x0A]) {
      newline = [0x0D, 0x0A]
    } else if index < bytes.count, bytes[index] == 0x0A {
      newline = [0x0A]
    } else if isLast, index == bytes.count {
      newline = [0x0D, 0x0A]
    } else {
      return nil
    }
    end = min(index + newline.count, bytes.count)
  }
}

extension MultipartForm.Part {
  fileprivate init(_ bytes: ArraySlice<UInt8>, number: Int) throws(MultipartForm.ParseError) {
    var headers = PartHeaders()
    let contentStart = try headers.read(bytes, number: number)
    guard let disposition = headers["content-disposition"] else {
      throw .init(reason: "part \(number) has no Content-Disposition")
    }
    let value = HeaderValue(disposition)
    guard value.main.lowercased() == "form-data" else {
      throw .init(reason: "part \(number) is '\(value.main.prefix(60))', not form-data")
    }
    guard let name = value.parameters["name"], !name.isEmpty else {
      throw .init(reason: "part \(number) has no name")
    }
    if let encoding = headers["content-transfer-encoding"]?.lowercased(),
      !["binary", "8bit", "7bit"].contains(encoding)
    {
      throw .init(reason: "field '\(name)': the transfer encoding '\(encoding)' is not supported")
    }
    self.name = name
    filename = value.parameters["filename"]
    content = bytes[contentStart...]
  }
}

/// The headers of a part, by lower-case name.
private struct PartHeaders {
  private var values: [String: String] = [:]

  subscript(name: String) -> String? { values[name] }

  /// Reads up to the empty line, and returns the index after it.
  mutating func read(
    _ bytes: ArraySlice<UInt8>, number: Int
  ) throws(MultipartForm.ParseError) -> Int {
    var position = bytes.startIndex
    let end = min(bytes.endIndex, bytes.startIndex + MultipartForm.maxHeaderBytes)
    var last: String?
    while let lineEnd = bytes[position..<end].firstIndex(of: 0x0A) {
      var line = bytes[position..<lineEnd]
      if line.last == 0x0D { line.removeLast() }
      position = lineEnd + 1
      guard let first = line.first else { return position }
      let text = String(decoding: line, as: UTF8.self)
      if first == 0x20 || first == 0x09, let last {
        values[last, default: ""] += " " + text.trimmed
      } else if let colon = text.firstIndex(of: ":"), colon > text.startIndex {
        let name = text[..<colon].trimmed.lowercased()
        values[name] = text[text.index(after: colon)...].trimmed
        last = name
      } else {
        throw .init(reason: "part \(number) has a header line without a colon")
      }
    }
    throw .init(
      reason: end < bytes.endIndex
        ? "part \(number) has more than \(MultipartForm.maxHeaderBytes) bytes of headers"
        : "part \(number) has no empty line after its headers")
  }
}

extension [UInt8] {
  /// Index of the first occurrence of `pattern` at or after `start`.
  ///
  /// Uses memchr, which is fast in bodies of megabytes.
  fileprivate func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
    guard let first = pattern.first else { return nil }
    return withUnsafeBytes { haystack in
      pattern.withUnsafeBytes { needle in
        guard let base = haystack.baseAddress, let wanted = needle.baseAddress else { return nil }
        var position = start
        while position <= haystack.count - needle.count {
          let room = haystack.count - needle.count - position + 1
          guard let found = memchr(base + position, Int32(first), room) else { return nil }
          position = UnsafeRawPointer(found) - base
          if memcmp(base + position, wanted, needle.count) == 0 { return position }
          position += 1
        }
        return nil
      }
    }
  }
}
