/// The tokens that a service accepts, with their balances, expiry dates and rates.
public struct TokenList: Sendable {
  /// One token.
  public struct Entry: Sendable, Hashable {
    /// Tokens to spend; nil for unlimited.
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
  public let entries: [String: Entry]

  public init(entries: [String: Entry]) {
    self.entries = entries
  }

  /// Reads a token file.
  ///
  /// ```toml
  /// [[token]]
  /// token = "…"            # or sha256 = "<64 hexadecimal digits>"
  /// balance = 1000         # tokens to spend; unlimited if absent
  /// expires = 2027-01-31   # or with a time
  /// rate = 60              # calls in 60 seconds
  /// ```
  ///
  /// - Throws: ``SettingsError`` if others may read the file or its content is invalid.
  public init(file path: String) throws(SettingsError) {
    do throws(SettingsError) {
      try self.init(toml: SettingsTable.text(of: path, isSecret: true))
    } catch {
      throw SettingsError("\(path): \(error.description)")
    }
  }

  /// The tokens of a file's text.
  init(toml text: String) throws(SettingsError) {
    let file = try SettingsTable(file: text, keys: ["token"])
    var entries: [String: Entry] = [:]
    for table in try file.tables(
      "token", keys: ["token", "sha256", "balance", "expires", "rate"])
    {
      let digest: String
      switch (try table.text("token"), try table.text("sha256")?.lowercased()) {
      case (let token?, nil) where !token.isEmpty:
        digest = Authentication.digest(of: token)
      case (nil, let given?) where [UInt8](hexadecimal: given)?.count == 32:
        digest = given
      default:
        throw table.error("give one of 'token' and 'sha256' (64 hexadecimal digits)")
      }
      guard entries[digest] == nil else { throw table.error("this token is listed twice") }
      entries[digest] = Entry(
        balance: try table.integer("balance", 0...1_000_000_000).map(Int64.init),
        expires: try table.moment("expires"),
        callsPerMinute: try table.integer("rate", 1...1_000_000))
    }
    guard !entries.isEmpty else { throw file.error("there is no [[token]]") }
    self.entries = entries
  }
}
