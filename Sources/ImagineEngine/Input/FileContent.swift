import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files of a step, which lie on the disk.
enum FileContent {
  /// The most bytes of an image file, as of a request's body.
  private static let maxImageBytes = 32 << 20

  /// The bytes of an image file.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` for a file that is too large.
  static func image(_ path: FilePath, field: String) throws -> [UInt8] {
    let count = try byteCount(path, field: field)
    let bytes = try head(path, count: count)
    guard bytes.count == count else { throw failure }
    return bytes
  }

  /// - Throws: ``EngineError/unusable(field:reason:)`` for a file that is too large for an image.
  static func byteCount(_ path: FilePath, field: String) throws -> Int {
    var info = stat()
    guard stat(path.cString, &info) == 0 else { throw failure }
    guard info.st_size <= maxImageBytes else {
      throw EngineError.unusable(
        field: field, reason: "it is larger than \(maxImageBytes >> 20) MB")
    }
    return Int(info.st_size)
  }

  /// The first bytes of a file.
  static func head(_ path: FilePath, count: Int) throws -> [UInt8] {
    guard let file = fopen(path.cString, "re") else { throw failure }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = fread(buffer.baseAddress, 1, count, file)
    }
    guard ferror(file) == 0 else { throw failure }
    return bytes
  }

  private static var failure: EngineError {
    .failed("cannot read a file of the step: \(String(cString: strerror(errno)))")
  }
}
