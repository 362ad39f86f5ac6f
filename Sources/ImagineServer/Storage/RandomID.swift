import ImagineAPI
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Unguessable ids: version 4 UUIDs from the kernel's random generator.
///
/// Foundation's UUID reads a device file, and is all zeros if no descriptor is free.
enum RandomID {
  /// - Throws: ``ImagineError`` of kind `io` if the kernel gives no random bytes.
  static func next() throws -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    #if canImport(Darwin)
      arc4random_buf(&bytes, bytes.count)
    #else
      guard getentropy(&bytes, bytes.count) == 0 else {
        throw ImagineError.system("cannot get random bytes from the kernel")
      }
    #endif
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = bytes.hexadecimal
    var rest = Substring(digits)
    return [8, 4, 4, 4, 12].map { count in
      defer { rest = rest.dropFirst(count) }
      return String(rest.prefix(count))
    }.joined(separator: "-")
  }
}
