/// The known prices of a provider's calls.
///
/// For example:
///
/// ```swift
/// let list = try PriceList(
///   ["generate": 0.02, "generate.flux-dev": 0.03], unit: "USD", of: MediaOperation.all)
/// list.price(of: request)  // 0.12 USD for 4 images in the style flux-dev
/// ```
///
/// An unknown price is nil, never 0.
public struct PriceList: Sendable, Hashable, Codable {
  /// The unit, such as `tokens` or `USD`.
  public let unit: String
  /// Millionths of the unit per image or job, by operation and by `operation.style`.
  private var entries: [String: Int64]
  /// Prices by what the service counts; nil if it has none.
  public internal(set) var usage: UsagePrices?

  private init(unit: String, entries: [String: Int64], usage: UsagePrices? = nil) {
    self.unit = unit
    self.entries = entries
    self.usage = usage
  }

  /// An empty list: every price is unknown.
  public static let unknown = PriceList(unit: Price.tokens, entries: [:])

  /// Every call costs 0 tokens.
  public static let free = PriceList(
    unit: Price.tokens,
    entries: Dictionary(uniqueKeysWithValues: MediaOperation.all.map { ($0.name, 0) }))

  /// The published prices of the Imagine API; it publishes those of Text to Image.
  public static let imagine = PriceList(
    unit: Price.tokens,
    entries: Dictionary(
      uniqueKeysWithValues: ImageStyle.allCases.compactMap { style in
        style.price.map { price in
          ("\(MediaOperation.generate.name).\(style.rawValue)", Price.tokens(price).millionths)
        }
      }))

  /// Checks a list from a configuration or a script.
  ///
  /// - Parameters:
  ///   - prices: per image or job, by operation, or by operation and style or model with a dot
  ///     between; the more specific price applies.
  ///   - operations: the provider's operations.
  ///   - place: where the list was written, for error messages.
  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the key.
  public init(
    _ prices: [String: Double], unit: String, of operations: [MediaOperation],
    in place: String = "prices"
  ) throws(ImagineError) {
    // The journal writes a unit within a line.
    let isOneLine = !unit.unicodeScalars.contains { $0 == "\n" || $0 == "\t" || $0.isUnprintable }
    guard isOneLine, unit.contains(where: { !$0.isWhitespace }) else {
      throw .invalid(
        field: "\(place).unit", given: "\"\(unit)\"", expected: "a unit such as USD or tokens")
    }
    self.init(unit: unit, entries: [:])
    for (key, amount) in prices.sorted(by: { $0.key < $1.key }) {
      guard (0...Self.maxPrice).contains(amount) else {
        throw .invalid(
          field: "\(place).\(key)", given: String(amount),
          expected: "a number from 0 to \(Int(Self.maxPrice))")
      }
      let name = try Self.entry(key, of: operations, in: place)
      entries[name] = Int64((amount * 1_000_000).rounded())
    }
  }

  /// The styles or models of an operation that have a price of their own.
  public func details(of operation: String) -> [String] {
    entries.keys.filter { $0.hasPrefix("\(operation).") }
      .map { String($0.dropFirst(operation.count + 1)) }.sorted()
  }

  /// The maximum price in units; a higher one is a typing error.
  static let maxPrice = 1_000_000.0

  /// Checks a key and returns it in the operation's spelling.
  private static func entry(
    _ key: String, of operations: [MediaOperation], in place: String
  ) throws(ImagineError) -> String {
    let name = String(key.prefix { $0 != "." })
    guard let operation = operations.first(where: { $0.name == name }) else {
      throw .unknown(
        field: name, of: place,
        allowed: ["unit", "per_million", "reserve"] + operations.map(\.name))
    }
    guard name.count < key.count else { return name }
    guard let pricingField = operation.pricingField else {
      throw .invalid(
        field: "\(place).\(key)", given: "a style", expected: "none: \(name) has no styles")
    }
    do {
      let value = try pricingField.value(of: .text(String(key.dropFirst(name.count + 1))))
      return "\(name).\(value.text ?? "")"
    } catch {
      throw ImagineError(
        .validation, "\(place).\(key): \(error.message)", field: "\(place).\(key)",
        allowed: error.allowed)
    }
  }

  /// The price of a call with all its images, or the most that it may cost by usage; nil if neither
  /// is known.
  public func price(of request: Request) -> Price? {
    reserve(for: request)
      ?? price(of: request.operation.name, style: request.styleOrModel).map { $0 * request.count }
  }

  /// The price of one image or job of an operation; nil if it is not known.
  ///
  /// - Parameter style: the style or model; nil for those without a price of their own.
  public func price(of operation: String, style: String? = nil) -> Price? {
    let special = style.flatMap { entries["\(operation).\($0)"] }
    return (special ?? entries[operation]).map { Price(millionths: $0, unit: unit) }
  }

  /// The styles or models of an operation that have a price of their own, sorted.
  public func pricedStyles(of operation: String) -> [String] {
    entries.keys.filter { $0.hasPrefix("\(operation).") }
      .map { String($0.dropFirst(operation.count + 1)) }.sorted()
  }

  /// This list with the entries of another for calls that this list has no price for. If the units
  /// differ, this list unchanged.
  public func completed(by other: PriceList) -> PriceList {
    guard unit == other.unit else { return self }
    // A price of an operation applies to each of its styles: a published price of a style must not
    // replace it.
    let more = other.entries.filter { key, _ in entries[String(key.prefix { $0 != "." })] == nil }
    return PriceList(
      unit: unit, entries: entries.merging(more) { own, _ in own }, usage: usage)
  }
}

extension MediaOperation {
  /// The field that the price depends on.
  var pricingField: Field? { field("style") ?? field("model") }
}

extension Request {
  /// The style; for OpenAI-style services the model.
  public var styleOrModel: String? { style ?? fields["model"]?.text }
}
