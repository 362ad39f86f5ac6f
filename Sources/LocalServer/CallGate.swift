import Synchronization

/// Keeps calls that were in flight at a server that died apart: each is made once more while no other
/// call is, so that the one that kills servers harms no other twice.
///
/// Calls share the gate. A call that lost its server passes alone: it waits for the calls that share
/// the gate and for those that lost theirs before it, and calls that come later wait for it.
final class CallGate: Sendable {
  private struct Waiting {
    let number: Int
    let isAlone: Bool
    let turn: CheckedContinuation<Void, any Error>
  }

  private struct State {
    /// Calls that share the gate now.
    var shared = 0
    /// Whether a call passes alone now.
    var isTaken = false
    var waiting: [Waiting] = []
    var next = 0

    /// Takes the calls from the queue that may pass now; those that pass alone are first.
    mutating func admitted() -> [Waiting] {
      guard !isTaken else { return [] }
      if let index = waiting.firstIndex(where: \.isAlone) {
        guard shared == 0 else { return [] }
        isTaken = true
        return [waiting.remove(at: index)]
      }
      defer { waiting = [] }
      shared += waiting.count
      return waiting
    }
  }

  private let state = Mutex(State())

  /// Makes a call beside others.
  ///
  /// - Throws: what `call` throws; `CancellationError` if the task is cancelled while it waits.
  func shared<Result>(_ call: () async throws -> Result) async throws -> Result {
    try await wait(isAlone: false)
    defer { update { $0.shared -= 1 } }
    return try await call()
  }

  /// Makes a call while no other is made.
  ///
  /// - Throws: as ``shared(_:)``.
  func alone<Result>(_ call: () async throws -> Result) async throws -> Result {
    try await wait(isAlone: true)
    defer { update { $0.isTaken = false } }
    return try await call()
  }

  private func wait(isAlone: Bool) async throws {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { turn in
        update { $0.waiting.append(Waiting(number: number, isAlone: isAlone, turn: turn)) }
        if Task.isCancelled { abandon(number) }
      }
    } onCancel: {
      abandon(number)
    }
  }

  private func abandon(_ number: Int) {
    update { state in
      guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return }
      state.waiting.remove(at: index).turn.resume(throwing: CancellationError())
    }
  }

  /// Changes the state and admits who may pass then.
  private func update(_ change: (inout State) -> Void) {
    let admitted = state.withLock { state in
      change(&state)
      return state.admitted()
    }
    for call in admitted { call.turn.resume() }
  }
}
