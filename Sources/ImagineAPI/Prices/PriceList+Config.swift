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
  /// A service that bills what it counts has the prices of a million tokens, and the most that an
  /// image may cost, by model, size and quality in any order:
  ///
  /// ```toml
  /// [providers.openai.prices]
  /// unit = "USD"
  /// per_million = { text_in = 5, image_in = 8, image_out = 30 }
  /// reserve = { any = 0.3, "gpt-image-2 low" = 0.02, "gpt-image-2 1024x1024 high" = 0.25 }
  /// ```
  ///
  /// `reserve = 0.3` is short for `reserve = { any = 0.3 }`.
  ///
  /// Without quotes, TOML reads `generate.flux-dev = 0.03` as a table `generate`, which means the
  /// same.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the table and the key.
  public init(_ settings: ConfigTable, of operations: [MediaOperation]) throws(ImagineError) {
    let place = settings.place
    guard let unit = try settings.text("unit") else { throw .missing(field: "unit", of: place) }
    var prices: [String: Double] = [:]
    for key in settings.keys where !["unit", "per_million", "reserve"].contains(key) {
      for (rest, price) in try Self.numbers(under: key, settings) { prices[rest] = price }
    }
    try self.init(prices, unit: unit, of: operations, in: place)
    usage = try Self.usagePrices(settings)
  }

  private static func usagePrices(
    _ settings: ConfigTable
  ) throws(ImagineError) -> UsagePrices? {
    let perMillion = try settings.table("per_million")
    try perMillion?.allow(UsagePrices.Item.allCases.map(\.rawValue))
    var reserves: [String: Int64] = [:]
    if let table = settings.tableIfPresent("reserve") {
      for key in table.keys { reserves[key] = try amount(key, table) }
    } else {
      reserves[UsagePrices.any] = try amount("reserve", settings)
    }
    guard perMillion != nil || !reserves.isEmpty else { return nil }
    var usage = UsagePrices(perMillion: [:], reserves: reserves)
    for key in perMillion?.keys ?? [] {
      usage.perMillion[key] = try perMillion.flatMap { (table) throws(ImagineError) in
        try amount(key, table)
      }
    }
    return usage
  }

  /// An amount in millionths.
  private static func amount(
    _ key: String, _ settings: ConfigTable
  ) throws(ImagineError) -> Int64? {
    guard let amount = try settings.number(key) else { return nil }
    guard (0...maxPrice).contains(amount) else {
      throw .invalid(
        field: "\(settings.place).\(key)", given: String(amount),
        expected: "a number from 0 to \(Int(maxPrice))")
    }
    return Int64((amount * 1_000_000).rounded())
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
