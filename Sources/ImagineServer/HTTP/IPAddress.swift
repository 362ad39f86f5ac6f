import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An address of the internet protocol. An IPv4 address that is written as IPv6 is the IPv4 one.
struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16 bytes.
  let bytes: [UInt8]

  /// Reads `192.0.2.1` or `2001:db8::1`.
  init?(_ text: some StringProtocol) {
    let text = String(text)
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 {
      self.bytes = Array(bytes.prefix(4))
    } else if inet_pton(AF_INET6, text, &bytes) == 1 {
      let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
      self.bytes = bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
    } else {
      return nil
    }
  }

  /// Nil for a Unix socket.
  init?(_ address: SocketAddress?) {
    guard let text = address?.ipAddress else { return nil }
    self.init(text)
  }

  /// Whether it is this machine.
  var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "unknown" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Addresses with a common prefix (CIDR), or the callers on a Unix socket.
public struct AddressRange: Sendable, Hashable {
  /// Nil for a Unix socket.
  private let first: IPAddress?
  private let prefixBits: Int

  /// Reads `10.0.0.0/8`, a single address such as `::1`, or `unix`.
  public init?(_ text: String) {
    if text == "unix" {
      (first, prefixBits) = (nil, 0)
      return
    }
    let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let address = IPAddress(pieces[0]), pieces.count <= 2 else { return nil }
    let bits = pieces.count == 2 ? Int(pieces[1]) : address.bytes.count * 8
    guard let bits, (0...address.bytes.count * 8).contains(bits) else { return nil }
    (first, prefixBits) = (address, bits)
  }

  /// - Parameter address: nil for a caller on a Unix socket.
  func contains(_ address: IPAddress?) -> Bool {
    guard let first, let address else { return first == nil && address == nil }
    guard first.bytes.count == address.bytes.count else { return false }
    return zip(first.bytes, address.bytes).enumerated().allSatisfy { index, bytes in
      let bits = min(8, max(0, prefixBits - index * 8))
      return (bytes.0 ^ bytes.1) >> (8 - bits) == 0
    }
  }
}
