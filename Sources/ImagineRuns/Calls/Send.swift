public import ImagineAPI

/// One send of a call that was or may have been billed. Sends that are known to be unbilled are not
/// kept.
///
/// All figures about spending are computed from sends: budgets, the daily limit, `imagine.spent`,
/// `imagine runs` and `imagine.history`. A retried call has one more.
public struct Send: Sendable, Hashable, Codable {
  /// `yes` once the service has answered, `unknown` before; never `no`.
  public var charged: ImagineError.Charged
  /// The price if it was billed; nil if no price is known.
  public var price: Price?
  /// Time of the send, in seconds since 1970.
  public var at: Double
  /// What the service counted, by its own names, such as `output_tokens`; nil if it did not say.
  public var usage: [String: Int64]?

  public init(
    charged: ImagineError.Charged, price: Price?, at: Double, usage: [String: Int64]? = nil
  ) {
    self.charged = charged
    self.price = price
    self.at = at
    self.usage = usage
  }

  /// Whether both are the same send, regardless of `charged`.
  public func isSame(as other: Send) -> Bool { at == other.at && price == other.price }
}

extension [Send] {
  /// Whether any send of a call was billed. A free send never counts as billed.
  public var charged: ImagineError.Charged {
    var charged = ImagineError.Charged.no
    for send in self where send.price?.millionths != 0 {
      if send.charged == .yes { return .yes }
      charged = .unknown
    }
    return charged
  }

  /// The total in millionths, by unit. A send whose charge is unknown counts in full.
  public var amounts: [String: Int64] {
    reduce(into: [:]) { amounts, send in
      guard let price = send.price, price.millionths != 0 else { return }
      amounts[price.unit, default: 0] += price.millionths
    }
  }
}
