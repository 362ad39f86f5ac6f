import Crypto

/// Addresses in a recording: those of finished files are signed, and whoever reads them may fetch.
enum RecordedAddress {
  /// What stands for the address of a job's file: it has the form of an address, and leads nowhere.
  static func file(_ name: String, ofJob job: String) -> String {
    "https://recording.invalid/\(job)/\(name)"
  }

  static func hash(_ address: String) -> String {
    SHA256.hash(data: Array(address.utf8)).hexadecimal
  }

  /// A text with the queries of the addresses in it cut off, and what stands before an `@` in them.
  static func withoutQueries(_ text: String) -> String {
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
