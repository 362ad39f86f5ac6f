/// A cost: an amount and its unit.
///
/// Amounts of different units are never added; there is one sum for each unit.
public struct Price: Sendable, Hashable, Codable {
  /// The amount in millionths of the unit, so that sums are exact.
  public var millionths: Int64
  /// The unit, such as `tokens` or `USD`.
  public var unit: String

  /// The unit of the Imagine API.
  public static let tokens = "tokens"

  public init(millionths: Int64, unit: String) {
    self.millionths = millionths
    self.unit = unit
  }

  public static func tokens(_ count: Int) -> Price {
    Price(millionths: Int64(count) * 1_000_000, unit: tokens)
  }

  /// The amount in units.
  public var amount: Double { Double(millionths) / 1_000_000 }

  /// The price of part number `index` of `count`, from 0. The parts add up to this price.
  public func part(_ index: Int, of count: Int) -> Price {
    let count = Int64(max(1, count))
    let rest = millionths % count
    let share = millionths / count + (Int64(index) < rest ? 1 : 0)
    return Price(millionths: share, unit: unit)
  }

  public static func * (price: Price, count: Int) -> Price {
    Price(millionths: price.millionths * Int64(count), unit: price.unit)
  }
}

extension Price: CustomStringConvertible {
  /// For example `5 tokens` or `0.04 USD`.
  public var description: String {
    let whole = millionths / 1_000_000
    var rest = String(1_000_000 + abs(millionths % 1_000_000)).dropFirst()
    while rest.last == "0" { rest.removeLast() }
    return rest.isEmpty ? "\(whole) \(unit)" : "\(whole).\(rest) \(unit)"
  }
}
