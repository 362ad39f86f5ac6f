import ImagineAPI
import ServerStore
import Synchronization

/// A call with an `Idempotency-Key` while it is done: what its first attempt drew, and what the
/// handler says of it.
final class KeyedCall: Sendable {
  private struct State {
    /// The price, on hold until the answer is stored.
    var price: (hold: Hold, purpose: String)?
    var isRepeatable = true
    var isKeptWithRecord = false
    var wasSent = false
    var isPromised = false
  }

  /// What the first attempt recorded.
  let call: IdempotentCall
  /// Whether the call was answered and charged before, and only its picture is made again.
  let isRepetition: Bool
  /// Whom an earlier attempt sent the call to: nobody else may get it. Nil if it was not sent.
  let sentTo: String?
  private let state = Mutex(State())
  private let recordSend: @Sendable (KeyPromise?) async throws -> Void

  init(
    _ call: IdempotentCall, isRepetition: Bool, sentTo: String? = nil,
    recordSend: @escaping @Sendable (KeyPromise?) async throws -> Void
  ) {
    self.call = call
    self.isRepetition = isRepetition
    self.sentTo = sentTo
    self.recordSend = recordSend
  }

  /// Called before the call is sent to someone who may bill it: should this server die, the call is
  /// sent again only to one who promised to do it once.
  ///
  /// - Throws: ``StoreUnreachable``, or ``APIError/lostAttempt`` if an earlier attempt sent it to
  ///   someone else: then it must not be sent.
  func willSend(_ promise: KeyPromise?) async throws {
    if let sentTo, promise?.recipient != sentTo { throw APIError.lostAttempt }
    if !isRepetition { try await recordSend(promise) }
    state.withLock { state in
      state.isRepeatable = false
      state.wasSent = true
      state.isPromised = promise != nil
    }
  }

  /// Called if another attempt would make another answer, even with the same seed.
  func answerDiffers() { state.withLock { $0.isRepeatable = false } }

  /// Called if the answer is small and true as long as the record is kept, such as the id of a job.
  func answerIsOfJob() { state.withLock { $0.isKeptWithRecord = true } }

  var isRepeatable: Bool { state.withLock { $0.isRepeatable } }
  var isKeptWithRecord: Bool { state.withLock { $0.isKeptWithRecord } }
  /// Whether this attempt sent it.
  var wasSent: Bool { state.withLock { $0.wasSent } }
  /// Whether whom it was sent to last promised to do it once.
  var isPromised: Bool { state.withLock { $0.isPromised } }
  var price: (hold: Hold, purpose: String)? { state.withLock { $0.price } }

  /// Holds the price during the work. It is settled when the answer is stored, so what is returned
  /// must go into the answer.
  func charge<Result>(
    _ price: Int64, to account: Account, for purpose: String, by charges: AccountCharges,
    work: () async throws -> Result
  ) async throws -> Result {
    guard account.isMetered, price > 0 else { return try await work() }
    let hold = Hold(key: call.id, account: account.id, amount: price)
    guard try await charges.hold(hold) else { return try await work() }
    do {
      let result = try await work()
      state.withLock { $0.price = (hold, purpose) }
      return result
    } catch {
      await charges.release(hold)
      throw error
    }
  }
}

extension APIError {
  /// The error of a call that an earlier attempt sent to someone who may have been paid for it.
  static let lostAttempt = APIError(
    .unexpectedResponse,
    "an earlier attempt at this call was lost after it was sent on; it is not sent again")
}
