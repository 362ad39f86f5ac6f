import ImagineAPI

/// A host with an optional port, as in `Host: 127.0.0.1:8080`.
struct Authority: Equatable, CustomStringConvertible {
  let host: String
  let port: Int?

  init?(_ text: some StringProtocol) {
    let name: Substring
    let rest: Substring
    let text = Substring(text)
    if text.utf8.first == UInt8(ascii: "[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      name = text[...end]
      rest = text[text.index(after: end)...]
      guard name.count > 2, name.dropFirst().dropLast().utf8.allSatisfy(Self.isInIPv6) else {
        return nil
      }
    } else {
      let end = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
      name = text[..<end]
      rest = text[end...]
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isInName) else { return nil }
    }
    guard name.utf8.count <= 255 else { return nil }
    host = name.lowercased()
    if rest.isEmpty || rest == ":" {
      port = nil
    } else {
      let digits = rest.dropFirst()
      guard rest.first == ":", digits.utf8.allSatisfy({ (48...57).contains($0) }),
        let number = Int(digits), number <= 65535
      else { return nil }
      port = number
    }
  }

  /// The authority of an absolute target or an `Origin`: `http://host:port/path`.
  init?(ofTarget target: String) {
    guard let scheme = target.firstRange(of: "://"), !target[..<scheme.lowerBound].contains("/")
    else { return nil }
    self.init(target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
  }

  var description: String { port.map { "\(host):\($0)" } ?? host }

  /// Whether no web page of the internet can have this host: an address, a name without a dot, or a
  /// name under `localhost`.
  var isLocalName: Bool {
    let bytes = host.utf8
    if bytes.first == UInt8(ascii: "[") || !bytes.contains(UInt8(ascii: ".")) { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
      || host.hasSuffix(".localhost")
  }

  private static func isInName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isInIPv6(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."),
      UInt8(ascii: "%"):
      true
    default: false
    }
  }
}
