import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A plain TCP connection, for bytes that no HTTP client would send.
///
/// Its blocking calls run on their own threads, because the server under test shares the process's
/// thread pool with its tests.
final class RawConnection: Sendable {
  struct Fault: Error {
    let action: String
    let number: Int32
  }

  private let descriptor: Int32

  /// - Parameter address: `http://127.0.0.1:<port>`.
  init(to address: String) async throws {
    let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Fault(action: "connect", number: errno) }
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func write(_ text: String) async throws { try await write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) async throws {
    try await blocking { [descriptor] in
      var done = 0
      while done < bytes.count {
        let rest = Array(bytes[done...])
        let count = send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
        guard count > 0 else { throw Fault(action: "send", number: errno) }
        done += count
      }
    }
  }

  /// Closes the sending side. Answers can still arrive.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Makes the close a reset, which the other side notices at once.
  func resetAtEnd() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// The next line without its line break; nil at the end.
  func line() async throws -> String? {
    var line: [UInt8] = []
    while true {
      let byte = try await blocking { [descriptor] in
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
      }
      guard let byte else { return line.isEmpty ? nil : String(decoding: line, as: UTF8.self) }
      if byte == UInt8(ascii: "\n") { return String(decoding: line.dropLast(), as: UTF8.self) }
      line.append(byte)
    }
  }

  /// The next bytes; empty at the end.
  func read() async throws -> [UInt8] {
    try await blocking { [descriptor] in
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      // A reset connection counts as closed.
      if count < 0, errno == ECONNRESET { return [] }
      guard count >= 0 else { throw Fault(action: "recv", number: errno) }
      return Array(buffer.prefix(count))
    }
  }

  private func blocking<Value: Sendable>(
    _ call: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try call() }) }
    }
  }

  /// Everything until the other side closes.
  func readToEnd() async throws -> String {
    var bytes: [UInt8] = []
    while case let piece = try await read(), !piece.isEmpty { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
  }
}
