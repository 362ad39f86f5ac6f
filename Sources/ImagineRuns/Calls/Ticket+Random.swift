import ImagineAPI

extension Ticket {
  /// A random UUID (RFC 9562, version 4) in lower case, the form of ids that most services take.
  static func random() -> Ticket {
    var generator = SystemRandomNumberGenerator()
    var id = ""
    for index in 0..<32 {
      if [8, 12, 16, 20].contains(index) { id.append("-") }
      let digit =
        switch index {
        case 12: 4
        case 16: Int.random(in: 8..<12, using: &generator)
        default: Int.random(in: 0..<16, using: &generator)
        }
      id += String(digit, radix: 16)
    }
    return Ticket(id: id)
  }
}
