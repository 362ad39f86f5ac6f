/// What a provider takes and what it costs, as far as it is known without asking it.
public struct ProviderOffer: Sendable {
  public let name: String
  public let operations: [MediaOperation]
  public let prices: PriceList

  public init(name: String, operations: [MediaOperation], prices: PriceList) {
    self.name = name
    self.operations = operations
    self.prices = prices
  }

  public init(_ provider: any Provider) {
    self.init(name: provider.name, operations: provider.operations, prices: provider.prices)
  }

  public init(_ provider: BuiltInProvider) {
    self.init(name: provider.name, operations: provider.operations, prices: provider.prices)
  }

  /// The built-in providers without a configuration.
  public static let builtIn = BuiltInProvider.allCases.map { ProviderOffer($0) }

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
    return general
      + order.sorted { $0.millionths < $1.millionths }
      .map { "\($0): \((styles[$0] ?? []).joined(separator: ", "))" }
  }
}
