/// The tokens that a service accepts, and what each may do.
public struct TokenList: Sendable {
  /// One token.
  public struct Entry: Sendable, Hashable {
    /// Tokens to spend; nil for as many as one likes.
    public var balance: Int64?
    /// Seconds since 1970.
    public var expires: Double?
    /// Calls that it may start in 60 seconds.
    public var callsPerMinute: Int?

    public init(balance: Int64? = nil, expires: Double? = nil, callsPerMinute: Int? = nil) {
      self.balance = balance
      self.expires = expires
      self.callsPerMinute = callsPerMinute
    }
  }

  /// By the SHA-256 of the token, 64 lower-case hexadecimal digits.
  public var entries: [String: Entry]

  public init(entries: [String: Entry]) {
    self.entries = entries
  }
}
