import Crypto
import ImagineAPI
import ServerStore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The account that a request belongs to.
struct Account: Sendable, Hashable {
  /// The account of all callers on a private socket. It is fixed so that a later run finds its jobs.
  static let local = Account(id: "local")

  /// The SHA-256 of the token, or `local`. Never the token itself.
  let id: String
  /// Whether calls are charged to a balance.
  var isMetered = false
  /// Calls that it may start in 60 seconds; nil for the server's limit.
  var callsPerMinute: Int?
}

/// Which tokens the service accepts.
public enum Authentication: Sendable {
  /// Any token. Each is its own account. Only for loopback addresses.
  case anyToken
  /// All callers are one account. If a token is given, only that one is accepted.
  case local(token: String?)
  /// The tokens of a file, which may be empty, and those of the store.
  case listed(TokenList)
}

/// The current ``Authentication``, which can be replaced while the service runs.
final class CurrentAuthentication: Sendable {
  private let authentication: Mutex<Authentication>
  private let storedTokens: StoredTokens

  init(_ authentication: Authentication, store: any TokenStore) {
    self.authentication = Mutex(authentication)
    storedTokens = StoredTokens(store)
  }

  func replace(_ authentication: Authentication) {
    self.authentication.withLock { $0 = authentication }
  }

  /// The account of an `Authorization` header.
  ///
  /// - Parameter time: seconds since 1970.
  /// - Throws: ``APIError``; ``StoreUnreachable`` if the store must be asked for the token.
  func account(
    authorization: String?, in dialect: Dialect = .imagine, at time: Double
  ) async throws -> Account {
    let authentication = authentication.withLock { $0 }
    let given = authorization.flatMap(dialect.token(inAuthorization:))
    guard let token = given ?? authentication.standardToken(in: dialect) else {
      throw APIError(
        .tokenMissing, "the request has no header 'Authorization: Bearer <token>'")
    }
    let digest = Authentication.digest(of: token)
    if let account = try authentication.account(digest: digest, at: time) { return account }
    guard let token = try await storedTokens.token(digest: digest), token.revokedAt == nil else {
      throw APIError(.tokenInvalid, "the token is unknown")
    }
    try Authentication.checkExpiry(token.expires, at: time)
    return Account(
      id: digest, isMetered: token.granted != nil, callsPerMinute: token.callsPerMinute)
  }
}

/// The tokens of the store. What it said of one is believed for a second: a token that is revoked
/// is refused after that.
private final class StoredTokens: Sendable {
  private typealias Known = (token: StoredToken, until: ContinuousClock.Instant)

  private let store: any TokenStore
  private let known = Mutex<[String: Known]>([:])

  init(_ store: any TokenStore) { self.store = store }

  func token(digest: String) async throws -> StoredToken? {
    let now = ContinuousClock.now
    if let known = known.withLock({ $0[digest] }), known.until > now { return known.token }
    let token = try await store.token(digest: digest)
    known.withLock { known in
      if known.count > 10_000 { known = known.filter { $0.value.until > now } }
      known[digest] = token.map { ($0, now + .seconds(1)) }
    }
    return token
  }
}

extension Authentication {
  /// The account of a token; nil if the store must be asked for it.
  fileprivate func account(digest: String, at time: Double) throws(APIError) -> Account? {
    switch self {
    case .anyToken:
      return Account(id: digest)
    case .local(let expected):
      guard expected.map({ Self.digest(of: $0) == digest }) ?? true else {
        throw APIError(.tokenInvalid, "this is not the token of this server")
      }
      return .local
    case .listed(let list):
      guard let entry = list.entries[digest] else { return nil }
      try Self.checkExpiry(entry.expires, at: time)
      return Account(
        id: digest, isMetered: entry.balance != nil, callsPerMinute: entry.callsPerMinute)
    }
  }

  fileprivate static func checkExpiry(_ expiry: Double?, at time: Double) throws(APIError) {
    if let expiry, expiry <= time { throw APIError(.tokenExpired, "the token has expired") }
  }

  /// SHA-256 of a token in hexadecimal.
  static func digest(of token: String) -> String {
    SHA256.hash(data: Array(token.utf8)).hexadecimal
  }

  /// The token of a caller that sends none: by default, clients of A1111 on the same machine do not.
  fileprivate func standardToken(in dialect: Dialect) -> String? {
    if case .anyToken = self, dialect == .sdapi { "" } else { nil }
  }
}
