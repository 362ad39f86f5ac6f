public import ImagineAPI

extension Budget.Limit {
  /// Parses a typed amount: `200` tokens, or `2.5USD`.
  ///
  /// - Throws: ``ImagineError`` of kind `validation`.
  public init(amount text: String, field: String) throws(ImagineError) {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let unit = text[number.endIndex...].drop { $0 == " " }
    guard let amount = Double(number), amount < 1e12, unit.allSatisfy(\.isLetter) else {
      throw .invalid(
        field: field, given: "\"\(text)\"", expected: "an amount such as 200 (tokens) or 2.5USD")
    }
    self.init(
      price: Price(
        millionths: Int64((amount * 1_000_000).rounded()),
        unit: unit.isEmpty ? Price.tokens : String(unit)))
  }
}
