/// A bearer token that the store knows. The token itself is nowhere.
public struct StoredToken: Sendable, Hashable {
  /// The SHA-256 of the token, 64 lower-case hexadecimal digits; also the id of its account.
  public var digest: String
  /// Who has it, in the words of whoever made it. No two tokens have the same name.
  public var name: String
  /// Tokens that it may spend in all; nil for unlimited.
  public var granted: Int64?
  /// Seconds since 1970.
  public var createdAt: Double
  /// Seconds since 1970; nil if it does not expire.
  public var expires: Double?
  /// Calls that it may start in 60 seconds; nil for the server's limit.
  public var callsPerMinute: Int?
  /// When it was revoked, in seconds since 1970.
  public var revokedAt: Double?

  public init(
    digest: String, name: String, granted: Int64? = nil, createdAt: Double, expires: Double? = nil,
    callsPerMinute: Int? = nil, revokedAt: Double? = nil
  ) {
    self.digest = digest
    self.name = name
    self.granted = granted
    self.createdAt = createdAt
    self.expires = expires
    self.callsPerMinute = callsPerMinute
    self.revokedAt = revokedAt
  }
}

/// The tokens that callers may use, by their digest.
public protocol TokenStore: Sendable {
  /// Adds a token and opens its account, if it has a grant. A repetition changes nothing.
  ///
  /// - Returns: false if another token has this name.
  func addToken(_ token: StoredToken) async throws -> Bool

  /// The token with a digest, revoked or not; nil if there is none.
  func token(digest: String) async throws -> StoredToken?

  /// All tokens by name, the revoked too.
  func tokens() async throws -> [StoredToken]

  /// Sets what a token may spend in all. Its balance gets the difference.
  ///
  /// - Returns: false if there is no token of this name.
  func grant(_ amount: Int64, toToken name: String) async throws -> Bool

  /// Refuses a token from now on. A repetition changes nothing.
  ///
  /// - Returns: false if there is no token of this name.
  func revokeToken(_ name: String) async throws -> Bool
}
