/// What the calls of a provider cost, as far as it is known.
///
/// For example:
///
/// ```swift
/// let list = try PriceList(
///   ["generate": 0.02, "generate.flux-dev": 0.03], unit: "USD", of: Operation.all)
/// list.price(of: request, count: 4)  // 0.12 USD, where the request's style is flux-dev
/// ```
///
/// Unknown is nil, never 0.
public struct PriceList: Sendable, Hashable, Codable {
  /// What is counted, such as `tokens` or `USD`.
  public let unit: String
  /// Millionths of the unit for a picture or a job, by operation and by `operation.style`.
  private var entries: [String: Int64]

  private init(unit: String, entries: [String: Int64]) {
    self.unit = unit
    self.entries = entries
  }

  /// A list of nothing: every price is unknown.
  public static let unknown = PriceList(unit: Price.tokens, entries: [:])

  /// Every call costs 0 tokens.
  public static let free = PriceList(
    unit: Price.tokens,
    entries: Dictionary(uniqueKeysWithValues: Operation.all.map { ($0.name, 0) }))

  /// The published prices of the Imagine API, which are those of Text to Image.
  public static let imagine = PriceList(
    unit: Price.tokens,
    entries: Dictionary(
      uniqueKeysWithValues: ImageStyle.allCases.compactMap { style in
        style.price.map { price in
          ("\(Operation.generate.name).\(style.rawValue)", Price.tokens(price).millionths)
        }
      }))

  /// A list that somebody wrote.
  ///
  /// - Parameters:
  ///   - prices: of one picture or one job, by the name of an operation, or by an operation and one
  ///     of its styles or models with a dot between; the second says more than the first.
  ///   - operations: those of the provider.
  ///   - place: where the list was written, for messages.
  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the key.
  public init(
    _ prices: [String: Double], unit: String, of operations: [Operation],
    in place: String = "prices"
  ) throws(ImagineError) {
    guard unit.contains(where: { !$0.isWhitespace }) else {
      throw .invalid(
        field: "\(place).unit", given: "\"\(unit)\"", expected: "a unit such as USD or tokens")
    }
    self.init(unit: unit, entries: [:])
    for (key, amount) in prices.sorted(by: { $0.key < $1.key }) {
      guard (0...Self.highest).contains(amount) else {
        throw .invalid(
          field: "\(place).\(key)", given: String(amount),
          expected: "a number from 0 to \(Int(Self.highest))")
      }
      let name = try Self.entry(key, of: operations, in: place)
      entries[name] = Int64((amount * 1_000_000).rounded())
    }
  }

  /// The highest price that a list may hold, in its unit: more is a slip of the pen.
  private static let highest = 1_000_000.0

  /// A key in the spelling of its operation.
  private static func entry(
    _ key: String, of operations: [Operation], in place: String
  ) throws(ImagineError) -> String {
    let name = String(key.prefix { $0 != "." })
    guard let operation = operations.first(where: { $0.name == name }) else {
      throw .unknown(field: name, of: place, allowed: ["unit"] + operations.map(\.name))
    }
    guard name.count < key.count else { return name }
    guard let variety = operation.variety else {
      throw .invalid(
        field: "\(place).\(key)", given: "a style", expected: "none: \(name) has no styles")
    }
    do {
      let value = try variety.value(of: .text(String(key.dropFirst(name.count + 1))))
      return "\(name).\(value.text ?? "")"
    } catch {
      throw ImagineError(
        .validation, "\(place).\(key): \(error.message)", field: "\(place).\(key)",
        allowed: error.allowed)
    }
  }

  /// What a call costs.
  ///
  /// - Parameter count: how many pictures the call asks for.
  /// - Returns: nil where no price is known.
  public func price(of request: Request, count: Int = 1) -> Price? {
    let name = request.operation.name
    let special = request.styleOrModel.flatMap { entries["\(name).\($0)"] }
    return (special ?? entries[name]).map { Price(millionths: $0, unit: unit) * count }
  }

  /// This list, and what another one says of calls of which this one says nothing. Where they count
  /// in different units it is this one alone.
  public func completed(by other: PriceList) -> PriceList {
    guard unit == other.unit else { return self }
    // A price of an operation holds for each of its styles: a published one must not hide it.
    let more = other.entries.filter { key, _ in entries[String(key.prefix { $0 != "." })] == nil }
    return PriceList(unit: unit, entries: entries.merging(more) { own, _ in own })
  }
}

extension Operation {
  /// The field that says how a picture is drawn, and so what it costs.
  var variety: Field? { field("style") ?? field("model") }
}

extension Request {
  /// The style, or at an OpenAI-style service the model.
  public var styleOrModel: String? { style ?? values["model"]?.text }
}
