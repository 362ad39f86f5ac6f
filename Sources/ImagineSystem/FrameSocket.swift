#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sends and receives frames over a stream socket: a head, such as a JSON text, and the bytes of
/// files, which are not part of it.
///
/// On the wire: the number of bytes of the head and of all files, as 32 and 64 bits with the lowest
/// byte first, then the head, then the files.
package struct FrameSocket: Sendable {
  /// Whoever made it closes it.
  package let descriptor: Int32

  private static let prefixBytes = 12
  private static let maxHeadBytes = 64 << 20

  package init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Why no frame was sent or received.
  package enum Fault: Error {
    /// The other end is closed, or sends something else than frames.
    case closed
    /// The files have more bytes than allowed.
    case tooLarge
  }

  package struct Frame {
    package var head: [UInt8]
    package var files: [UInt8]
  }

  /// Whether the other end is closed, or has sent something.
  package var isClosedOrReadable: Bool { isReady(for: POLLIN, within: 0) }

  /// Waits until the other end is closed or has sent something; false after the timeout.
  ///
  /// - Parameter milliseconds: -1 for no timeout.
  package func isReady(within milliseconds: Int32) -> Bool {
    isReady(for: POLLIN, within: milliseconds)
  }

  private func isReady(for event: Int32, within milliseconds: Int32) -> Bool {
    var asked = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    return systemPoll(&asked, 1, milliseconds) > 0
  }

  /// - Parameter check: called before each wait, which takes at most 20 ms.
  /// - Throws: ``Fault``; what `check` throws.
  package func send(
    head: [UInt8], files: [[UInt8]], check: () throws -> Void
  ) throws {
    let fileBytes = UInt64(files.reduce(0) { $0 + $1.count })
    var prefix = (0..<4).map { UInt8(truncatingIfNeeded: head.count >> (8 * $0)) }
    prefix += (0..<8).map { UInt8(truncatingIfNeeded: fileBytes >> UInt64(8 * $0)) }
    try send(prefix + head, check)
    for file in files { try send(file, check) }
  }

  private func send(_ bytes: [UInt8], _ check: () throws -> Void) throws {
    try bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = systemSend(descriptor, rest.baseAddress, rest.count, Self.sendFlags)
        if count > 0 {
          sent += count
          continue
        }
        guard count < 0, errno == EAGAIN || errno == EINTR else { throw Fault.closed }
        try check()
        _ = isReady(for: POLLOUT, within: Self.waitMilliseconds)
      }
    }
  }

  /// - Parameters:
  ///   - maxFileBytes: of the files.
  ///   - check: called before each wait, which takes at most 20 ms.
  /// - Throws: ``Fault``; what `check` throws.
  package func receive(maxFileBytes: Int, check: () throws -> Void) throws -> Frame {
    let prefix = try receive(Self.prefixBytes, check)
    let headBytes = prefix[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    let fileBytes = prefix[4...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard headBytes <= Self.maxHeadBytes else { throw Fault.closed }
    guard fileBytes <= UInt64(maxFileBytes) else { throw Fault.tooLarge }
    return Frame(
      head: try receive(headBytes, check), files: try receive(Int(fileBytes), check))
  }

  private func receive(_ count: Int, _ check: () throws -> Void) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let received = systemReceive(descriptor, rest.baseAddress, rest.count, Self.receiveFlags)
        if received > 0 {
          filled += received
          continue
        }
        guard received < 0, errno == EAGAIN || errno == EINTR else { throw Fault.closed }
        try check()
        _ = isReady(within: Self.waitMilliseconds)
      }
    }
  }

  private static let waitMilliseconds: Int32 = 20

  #if canImport(Darwin)
    private static let sendFlags = Int32(MSG_DONTWAIT)
    private static let receiveFlags = Int32(MSG_DONTWAIT)
  #else
    private static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    private static let receiveFlags = Int32(MSG_DONTWAIT)
  #endif
}
