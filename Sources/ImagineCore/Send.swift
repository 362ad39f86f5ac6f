/// One send of a call that was billed, or may have been. A send that is known to be unbilled is not
/// kept.
///
/// Sends are what everything about spending is computed from: budgets, the limit of a day,
/// `imagine.spent`, `imagine runs` and `imagine.history`. A call that is sent again has one more.
public struct Send: Sendable, Hashable, Codable {
  /// `yes` where the service answered, `unknown` until then; never `no`.
  public var charged: ImagineError.Charged
  /// What it costs where it was billed; nil where no price is known.
  public var price: Price?
  /// When it was sent, in seconds since 1970.
  public var at: Double

  public init(charged: ImagineError.Charged, price: Price?, at: Double) {
    self.charged = charged
    self.price = price
    self.at = at
  }

  /// Whether it is the same send, whatever is known of it by now.
  public func isSame(as other: Send) -> Bool { at == other.at && price == other.price }
}

extension [Send] {
  /// What is known of all sends of a call together. What costs nothing is never billed.
  public var charged: ImagineError.Charged {
    var charged = ImagineError.Charged.no
    for send in self where send.price?.millionths != 0 {
      if send.charged == .yes { return .yes }
      charged = .unknown
    }
    return charged
  }

  /// What they count for, in millionths, by unit: a send whose charge is unknown counts in full.
  public var amounts: [String: Int64] {
    reduce(into: [:]) { amounts, send in
      guard let price = send.price, price.millionths != 0 else { return }
      amounts[price.unit, default: 0] += price.millionths
    }
  }
}
