#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The environment variables of this process, byte by byte.
package enum ProcessEnvironment {
  /// The variables in their order; of two with one name the first counts.
  ///
  /// A list and not a dictionary: the first dictionary keyed by byte arrays costs a program a tenth of
  /// its start, because Swift then searches for the conformance to `Hashable`.
  package static var variables: [(name: [UInt8], value: [UInt8])] {
    var variables: [(name: [UInt8], value: [UInt8])] = []
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    while let current = entry, let text = current.pointee {
      let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
      if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
        variables.append((Array(bytes[..<equals]), Array(bytes[(equals + 1)...])))
      }
      entry = current + 1
    }
    return variables
  }
}
