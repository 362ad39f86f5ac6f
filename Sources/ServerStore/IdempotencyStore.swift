/// What a client's `Idempotency-Key` stands for: the same key of another account, or for another
/// route, is another one.
public struct IdempotencyKey: Sendable, Hashable {
  public var account: String
  /// Method and path.
  public var route: String
  /// The client's text.
  public var key: String

  public init(account: String, route: String, key: String) {
    self.account = account
    self.route = route
    self.key = key
  }
}

/// What was recorded when a key came for the first time.
///
/// A later attempt uses the same values, so it makes the same image, has the same job, and pays the
/// same charge.
public struct IdempotentCall: Sendable, Hashable {
  /// A digest of the request, to recognize another request with the same key.
  public var fingerprint: String
  /// Names the call: its job, its charge, and the file of its answer.
  public var id: String
  /// The seed of the call, if the request has none.
  public var seed: Int64
  /// The version of the engine at the first attempt.
  public var engine: String

  public init(fingerprint: String, id: String, seed: Int64, engine: String) {
    self.fingerprint = fingerprint
    self.id = id
    self.seed = seed
    self.engine = engine
  }
}

/// The head of an answer. Its body is a file, which is not kept as long as the record, unless it is
/// short and part of it.
public struct RecordedAnswer: Sendable, Hashable, Codable {
  public var status: Int
  /// By name.
  public var headers: [String: String]
  /// Whether the engine makes the same answer again, so that it needs not be kept.
  public var isRepeatable: Bool
  /// The body, if it is kept as long as the record.
  public var text: String?
  /// What the answer costs; nil if nothing is to be charged.
  public var price: Price?

  /// The charge of an answer, which is settled once it is recorded.
  public struct Price: Sendable, Hashable, Codable {
    public var amount: Int64
    public var purpose: String

    public init(amount: Int64, purpose: String) {
      self.amount = amount
      self.purpose = purpose
    }
  }

  public init(
    status: Int, headers: [String: String], isRepeatable: Bool, text: String? = nil,
    price: Price? = nil
  ) {
    self.status = status
    self.headers = headers
    self.isRepeatable = isRepeatable
    self.text = text
    self.price = price
  }
}

/// The promise of someone whom a call is sent to: to do it once, however often it is sent with its
/// key.
public struct KeyPromise: Sendable, Hashable {
  /// Who promised.
  public var recipient: String
  /// How long the promise holds, in seconds from now.
  public var seconds: Double

  public init(recipient: String, seconds: Double) {
    self.recipient = recipient
    self.seconds = seconds
  }
}

/// What a store knows of a key.
public enum IdempotencyState: Sendable, Hashable {
  /// The caller does the call. If an earlier attempt ended without an answer, the call is its.
  case begun(IdempotentCall)
  /// An attempt that was lost sent the call to someone who promised to do it once. The caller sends
  /// it there again, with the same key, and to nobody else.
  case sent(IdempotentCall, to: String)
  /// Another attempt is doing the call.
  case running
  /// An attempt that was lost may have been paid for elsewhere: the call must not be done again.
  case uncertain
  case answered(IdempotentCall, RecordedAnswer)
  /// The key was used for another request.
  case otherRequest
}

/// The calls with an `Idempotency-Key`, each of which is done and charged once.
///
/// An attempt is named by its caller. Until its time is over, no other attempt does the call.
public protocol IdempotencyStore: Sendable {
  /// Begins a call, or tells what is known of its key. A repetition by the same attempt begins again.
  ///
  /// - Parameters:
  ///   - call: recorded if the key is new.
  ///   - retention: seconds until the store may forget a new key.
  func begin(
    _ key: IdempotencyKey, _ call: IdempotentCall, by attempt: String, for seconds: Double,
    retention: Double
  ) async throws -> IdempotencyState

  /// Extends an attempt; for no seconds, ends it. False if it has lost the call.
  func renew(_ key: IdempotencyKey, by attempt: String, for seconds: Double) async throws -> Bool

  /// Records, synced to disk, that the call is about to be sent to someone who may bill it. False if
  /// the attempt has lost the call.
  ///
  /// - Parameter promise: the recipient's; nil if it made none. A call with sends to several, or one
  ///   without a promise, is uncertain if its attempt is lost.
  func recordSend(
    _ key: IdempotencyKey, by attempt: String, promise: KeyPromise?
  ) async throws -> Bool

  /// Records the answer. False if the attempt has lost the call.
  func record(
    _ answer: RecordedAnswer, of key: IdempotencyKey, by attempt: String
  ) async throws -> Bool

  /// Forgets a key whose call was not done. Does nothing if the attempt has lost the call.
  func free(_ key: IdempotencyKey, by attempt: String) async throws
}
