/// What an `imagine-server` promises its clients: the answer of `GET /x/capabilities`.
public struct ServerCapabilities: Sendable, Hashable, Codable {
  /// How the header `Idempotency-Key` is honoured.
  public struct Idempotency: Sendable, Hashable, Codable {
    /// Seconds that a key is known. A call that is sent again with its key within this time is not
    /// done or charged again.
    public var seconds: Double
    /// Bytes that a key may have.
    public var maxBytes: Int

    private enum CodingKeys: String, CodingKey {
      case seconds
      case maxBytes = "max_bytes"
    }

    public init(seconds: Double, maxBytes: Int) {
      self.seconds = seconds
      self.maxBytes = maxBytes
    }
  }

  public static let path = "/x/capabilities"

  /// Nil if the server honours no keys.
  public var idempotency: Idempotency?

  public init(idempotency: Idempotency?) {
    self.idempotency = idempotency
  }
}
