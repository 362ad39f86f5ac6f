import ImagineAPI

/// What an OpenAI-style service counted for an answer, and what it says that it billed.
struct OpenAIUsage {
  /// By the service's names; those of details have a dot, such as
  /// `input_tokens_details.text_tokens`. Empty if the service counted nothing.
  private(set) var counts: [String: Int64] = [:]
  private let cost: Double?

  /// - Parameter usage: the member `usage` of an answer.
  init(_ usage: JSONValue?) {
    cost = usage?["cost"]?.number
    guard case .object(let members)? = usage else { return }
    for (name, value) in members.prefix(Self.maxMembers) {
      if case .object(let details) = value {
        for (detail, value) in details.prefix(Self.maxMembers) {
          add("\(name).\(detail)", value)
        }
      } else {
        add(name, value)
      }
    }
    // Some servers answer with zeros because they count nothing.
    if counts.values.allSatisfy({ $0 == 0 }) { counts = [:] }
  }

  private static let maxMembers = 32

  private mutating func add(_ name: String, _ value: JSONValue) {
    if let number = value.integer, number >= 0 { counts[name] = Int64(number) }
  }

  /// The tokens that are billed; nil if the service did not tell.
  ///
  /// - Parameter hasImages: whether the request has images: input without details may be of either.
  private func items(hasImages: Bool) -> [UsagePrices.Item: Int64]? {
    guard let output = counts["output_tokens"] else { return nil }
    var items: [UsagePrices.Item: Int64] = [.imageOut: output]
    let text = counts["input_tokens_details.text_tokens"]
    let image = counts["input_tokens_details.image_tokens"]
    if text != nil || image != nil {
      items[.textIn] = text ?? 0
      items[.imageIn] = image ?? 0
    } else {
      items[hasImages ? .imageIn : .textIn] = counts["input_tokens"] ?? 0
    }
    return items
  }

  /// What the call cost: as the service says, else by the prices of what it counted.
  func price(of request: Request, by prices: PriceList) -> Price? {
    // OpenRouter names the cost in USD.
    if let cost, cost > 0, cost < 1_000_000 {
      return Price(millionths: Int64((cost * 1_000_000).rounded()), unit: "USD")
    }
    return items(hasImages: !request.images.isEmpty).flatMap(prices.price(of:))
  }
}
