extension ProviderProfile {
  /// The built-in providers without a configuration.
  public static let builtIn = BuiltInProvider.allCases.map(\.profile)

  /// The known prices of an operation in words, such as `0 tokens` or `1 tokens: imagine-turbo`;
  /// empty if none is known.
  public func priceTexts(of operation: String) -> [String] {
    var styles: [Price: [String]] = [:]
    var order: [Price] = []
    for style in prices.pricedStyles(of: operation) {
      guard let price = prices.price(of: operation, style: style) else { continue }
      if styles[price] == nil { order.append(price) }
      styles[price, default: []].append(style)
    }
    let general = prices.price(of: operation).map { [$0.description] } ?? []
    return general + (prices.usageText.map { [$0] } ?? [])
      + order.sorted { $0.millionths < $1.millionths }
      .map { "\($0): \((styles[$0] ?? []).joined(separator: ", "))" }
  }
}
