import Crypto

/// Redacts addresses in recordings: addresses of finished files are signed and give access.
enum RecordedAddress {
  /// The placeholder for the address of a job's file: it has the form of an address but leads
  /// nowhere.
  static func placeholder(file name: String, ofJob job: String) -> String {
    "https://recording.invalid/\(job)/\(name)"
  }

  static func hash(_ address: String) -> String {
    SHA256.hash(data: Array(address.utf8)).hexadecimal
  }

  /// The text with query, fragment, user and password removed from each address in it.
  static func redactingAddresses(in text: String) -> String {
    var result = ""
    var rest = text[...]
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let end = rest.firstIndex { $0.isWhitespace || "\"'<>()".contains($0) } ?? rest.endIndex
      var address = rest[..<end]
      if let query = address.firstIndex(where: { $0 == "?" || $0 == "#" }) {
        address = address[..<query]
      }
      let host = address.prefix { $0 != "/" }
      if let user = host.lastIndex(of: "@") { address = address[address.index(after: user)...] }
      result += address
      rest = rest[end...]
    }
    return result + rest
  }
}
