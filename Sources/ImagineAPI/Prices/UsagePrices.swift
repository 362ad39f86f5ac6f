/// Prices by what a service counts, and the most that a call costs before it has counted.
///
/// OpenAI bills tokens: of text and of images that it reads, and of images that it makes.
public struct UsagePrices: Sendable, Hashable, Codable {
  /// What is counted; the names of `per_million` in a configuration.
  public enum Item: String, Sendable, CaseIterable, Codable {
    case textIn = "text_in"
    case imageIn = "image_in"
    case imageOut = "image_out"
  }

  /// Millionths of the unit per million tokens, by item.
  var perMillion: [String: Int64]
  /// Millionths of the unit per image, by words; ``any`` matches every call.
  var reserves: [String: Int64]

  /// The word of a reserve for calls that no other matches.
  static let any = "any"

  /// What an image may cost: the reserve with the most words, all of which are the model, the size
  /// or the quality of the call; of several the highest. Nil if none matches.
  func reserve(for words: Set<String>) -> Int64? {
    let matching = reserves.compactMap { key, amount -> (count: Int, amount: Int64)? in
      let wanted = Self.words(of: key)
      if wanted == [Self.any] { return (0, amount) }
      return wanted.isSubset(of: words) ? (wanted.count, amount) : nil
    }
    return matching.max { ($0.count, $0.amount) < ($1.count, $1.amount) }?.amount
  }

  static func words(of key: String) -> Set<String> {
    Set(key.lowercased().split(separator: " ").map(String.init))
  }

  /// The amount for what was counted, in millionths; nil if an item has no price. A count beyond
  /// all reason, or a negative one, counts as not told.
  func amount(of counts: [Item: Int64]) -> Int64? {
    var amount = 0.0
    for (item, count) in counts where count != 0 {
      guard (0...Self.maxCount).contains(count), let price = perMillion[item.rawValue] else {
        return nil
      }
      amount += Double(count) * Double(price) / 1_000_000
    }
    return amount > 0 && amount < 9e18 ? Int64(amount.rounded()) : nil
  }

  private static let maxCount: Int64 = 1_000_000_000
}

extension PriceList {
  /// What a service bills for what it has counted; nil if the list has no such prices, or the
  /// service counted nothing.
  public func price(of counts: [UsagePrices.Item: Int64]) -> Price? {
    usage?.amount(of: counts).map { Price(millionths: $0, unit: unit) }
  }

  /// The most that a call may cost by usage, with all its images; nil if the list does not say.
  func reserve(for request: Request) -> Price? {
    guard let usage else { return nil }
    let size = (try? request.requestedSize()) ?? request.fields["size"]?.text
    let words = [request.styleOrModel, size ?? "auto", request.fields["quality"]?.text ?? "auto"]
    return usage.reserve(for: Set(words.compactMap { $0?.lowercased() }))
      .map { Price(millionths: $0, unit: unit) * request.count }
  }

  /// The prices by usage in words; nil if there are none.
  var usageText: String? {
    guard let usage else { return nil }
    let prices = UsagePrices.Item.allCases.compactMap { item in
      usage.perMillion[item.rawValue].map {
        "\(item.rawValue) \(Price(millionths: $0, unit: unit).description)"
      }
    }
    return prices.isEmpty ? nil : "\(prices.joined(separator: ", ")) per million tokens"
  }
}
