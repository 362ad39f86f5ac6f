#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The environment variables of this process, byte by byte.
package enum ProcessEnvironment {
  /// The value of each variable; of two with one name the first.
  package static var variables: [[UInt8]: [UInt8]] {
    var variables: [[UInt8]: [UInt8]] = [:]
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    while let current = entry, let text = current.pointee {
      let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
      if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
        let name = Array(bytes[..<equals])
        if variables[name] == nil { variables[name] = Array(bytes[(equals + 1)...]) }
      }
      entry = current + 1
    }
    return variables
  }
}
