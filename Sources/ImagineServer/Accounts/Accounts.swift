import Crypto
import ImagineCore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// On whose behalf a request is made.
struct Account: Sendable, Hashable {
  /// The account of everybody on a private socket, so that a later run finds its jobs.
  static let local = Account(id: "local")

  /// Tells accounts apart without holding a token: the SHA-256 of the token, or `local`.
  let id: String
  /// Whether it has a balance that calls are charged to.
  var isMetered = false
  /// Calls it may start in 60 seconds; nil for the server's limit.
  var callsPerMinute: Int?
}

/// Who may call the service.
public enum Callers: Sendable {
  /// Any token; each is an account of its own. For loopback addresses only.
  case anyToken
  /// Everybody is one account. With a token, that one alone is accepted.
  case local(token: String?)
  /// The tokens of a file.
  case listed(TokenList)
}

/// Who may call the service at present: the list of tokens can change while it runs.
final class CurrentCallers: Sendable {
  private let callers: Mutex<Callers>

  init(_ callers: Callers) {
    self.callers = Mutex(callers)
  }

  func replace(_ callers: Callers) {
    self.callers.withLock { $0 = callers }
  }

  func account(authorization: String?, at time: Double) throws(Failure) -> Account {
    try callers.withLock { $0 }.account(authorization: authorization, at: time)
  }
}

extension Callers {
  /// The account that an `Authorization` header stands for.
  ///
  /// - Parameter time: seconds since 1970.
  func account(authorization: String?, at time: Double) throws(Failure) -> Account {
    guard let token = authorization.flatMap(Self.bearerToken) else {
      throw Failure(
        .tokenMissing, "the request has no header 'Authorization: Bearer <token>'")
    }
    let digest = Self.digest(of: token)
    switch self {
    case .anyToken:
      return Account(id: digest)
    case .local(let expected):
      guard expected.map({ Self.digest(of: $0) == digest }) ?? true else {
        throw Failure(.tokenInvalid, "the token is not the one of this server")
      }
      return .local
    case .listed(let list):
      guard let entry = list.entries[digest] else {
        throw Failure(.tokenInvalid, "the token is unknown")
      }
      if let expiry = entry.expires, expiry <= time {
        throw Failure(.tokenExpired, "the token has expired")
      }
      return Account(
        id: digest, isMetered: entry.balance != nil, callsPerMinute: entry.callsPerMinute)
    }
  }

  /// SHA-256 of a token, in hexadecimal digits.
  static func digest(of token: String) -> String {
    SHA256.hash(data: Data(token.utf8)).hexadecimal
  }

  private static func bearerToken(_ header: String) -> String? {
    let words = header.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
    return String(words[1])
  }
}
