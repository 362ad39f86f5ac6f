import ImagineCore
import Synchronization

/// A call on its way through the journal.
///
/// `held` is nil where nothing is kept; then it only remembers.
final class OpenCall: Sendable {
  private let held: (any HeldRun)?
  private let current: Mutex<JournaledCall>

  init(_ call: JournaledCall, in held: (any HeldRun)?) {
    self.held = held
    current = Mutex(call)
  }

  /// The call as it now is.
  var record: JournaledCall { current.withLock { $0 } }

  /// It will be sent, with this request and price.
  func intends(_ request: RequestDescription, price: Price?) async throws {
    try await write { call in
      call.request = request
      call.price = price
      call.state = .intent
      call.charged = .no
      call.error = nil
      call.results = []
      call.job = nil
      call.addresses = []
    }
  }

  func accepted(job: String) async throws {
    try await write { call in
      call.state = .accepted
      call.charged = .yes
      call.job = job
    }
  }

  func stored(_ results: [StoredResult]) async throws {
    try await write { call in
      call.state = .stored
      // An answer of the cache was not billed.
      if call.charged == .unknown { call.charged = .yes }
      call.results = results
      call.addresses = []
    }
  }

  /// The script has its result; where it had it in an earlier attempt, there is nothing to write.
  func done() async throws {
    guard record.state != .done else { return }
    try await write { call in
      call.state = .done
      call.endedAt = WallClock.now
    }
  }

  /// The call failed; one that was accepted or answered is not touched.
  func failed(_ error: ImagineError) async throws {
    let state = record.state
    guard state == .intent || state == .sent else { return }
    try await fail(error)
  }

  /// Its job ended without a video.
  func jobEnded(_ error: ImagineError) async throws {
    try await fail(error)
  }

  private func fail(_ error: ImagineError) async throws {
    try await write { call in
      call.state = .failed
      call.charged = error.charged
      call.error = error.description
      call.endedAt = WallClock.now
    }
  }

  func deleted() async throws {
    try await write { $0.isDeleted = true }
  }

  private func write(_ change: (inout JournaledCall) -> Void) async throws {
    let call = current.withLock { call in
      change(&call)
      return call
    }
    try await held?.record(call)
  }
}

extension OpenCall: CallTrace {
  func willSend() async throws {
    try await write { call in
      call.state = .sent
      call.charged = .unknown
    }
  }

  func wasAnswered(at addresses: [String]) async throws {
    try await write { call in
      call.state = .accepted
      call.charged = .yes
      call.addresses = addresses
    }
  }

  func wasRefused() async {
    // A call that stays *sent* in the journal is only asked about once more.
    try? await write { call in
      call.state = .intent
      call.charged = .no
    }
  }
}
