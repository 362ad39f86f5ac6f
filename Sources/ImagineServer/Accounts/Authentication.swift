import Crypto
import ImagineAPI
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
  /// The tokens of a file.
  case listed(TokenList)
}

/// The current ``Authentication``, which can be replaced while the service runs.
final class CurrentAuthentication: Sendable {
  private let authentication: Mutex<Authentication>

  init(_ authentication: Authentication) {
    self.authentication = Mutex(authentication)
  }

  func replace(_ authentication: Authentication) {
    self.authentication.withLock { $0 = authentication }
  }

  func account(authorization: String?, at time: Double) throws(APIError) -> Account {
    try authentication.withLock { $0 }.account(authorization: authorization, at: time)
  }
}

extension Authentication {
  /// The account of an `Authorization` header.
  ///
  /// - Parameter time: seconds since 1970.
  func account(authorization: String?, at time: Double) throws(APIError) -> Account {
    guard let token = authorization.flatMap(Self.bearerToken) else {
      throw APIError(
        .tokenMissing, "the request has no header 'Authorization: Bearer <token>'")
    }
    let digest = Self.digest(of: token)
    switch self {
    case .anyToken:
      return Account(id: digest)
    case .local(let expected):
      guard expected.map({ Self.digest(of: $0) == digest }) ?? true else {
        throw APIError(.tokenInvalid, "this is not the token of this server")
      }
      return .local
    case .listed(let list):
      guard let entry = list.entries[digest] else {
        throw APIError(.tokenInvalid, "the token is unknown")
      }
      if let expiry = entry.expires, expiry <= time {
        throw APIError(.tokenExpired, "the token has expired")
      }
      return Account(
        id: digest, isMetered: entry.balance != nil, callsPerMinute: entry.callsPerMinute)
    }
  }

  /// SHA-256 of a token in hexadecimal.
  static func digest(of token: String) -> String {
    SHA256.hash(data: Data(token.utf8)).hexadecimal
  }

  private static func bearerToken(_ header: String) -> String? {
    let words = header.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
    return String(words[1])
  }
}
