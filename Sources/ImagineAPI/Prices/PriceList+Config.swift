extension PriceList {
  /// Reads the prices of `config.toml` or of a script:
  ///
  /// ```toml
  /// [providers.studio.prices]
  /// unit = "USD"
  /// upscale = 0.01
  /// generate = 0.02                 # every style but those below
  /// "generate.flux-dev" = 0.03
  /// ```
  ///
  /// Without quotes, TOML reads `generate.flux-dev = 0.03` as a table `generate`, which means the
  /// same.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the table and the key.
  public init(_ settings: ConfigTable, of operations: [MediaOperation]) throws(ImagineError) {
    let place = settings.place
    guard let unit = try settings.text("unit") else { throw .missing(field: "unit", of: place) }
    var prices: [String: Double] = [:]
    for key in settings.keys where key != "unit" {
      for (rest, price) in try Self.numbers(under: key, settings) { prices[rest] = price }
    }
    try self.init(prices, unit: unit, of: operations, in: place)
  }

  /// The numbers of a key and of the tables below it, by full key with dots.
  private static func numbers(
    under key: String, _ settings: ConfigTable
  ) throws(ImagineError) -> [String: Double] {
    guard let table = settings.tableIfPresent(key) else {
      return try settings.number(key).map { [key: $0] } ?? [:]
    }
    var numbers: [String: Double] = [:]
    for inner in table.keys {
      for (rest, number) in try Self.numbers(under: inner, table) {
        numbers["\(key).\(rest)"] = number
      }
    }
    return numbers
  }
}
