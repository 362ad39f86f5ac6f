import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension TraceContext {
  /// The next step of a caller's trace, or the first step of a new one if there is no valid header.
  init(next header: String?) {
    // One system call for both ids.
    var random = [UInt8](repeating: 0, count: 24)
    #if canImport(Darwin)
      arc4random_buf(&random, random.count)
    #else
      if getentropy(&random, random.count) != 0 {
        for index in random.indices { random[index] = .random(in: 1...255) }
      }
    #endif
    // An id of zeros is invalid.
    random[0] |= 1
    random[16] |= 1
    let span = random[16...].hexadecimal
    if let header, let caller = TraceContext(header: header) {
      self.init(trace: caller.trace, span: span, flags: caller.flags)
    } else {
      self.init(trace: random[..<16].hexadecimal, span: span)
    }
  }
}
