import ImagineAPI
import Synchronization

/// The calls that a workflow is making. A caller that is cancelled stops waiting; its call goes on
/// here, because it may be billed.
final class SentCalls: Sendable {
  private struct State {
    var tasks: [Int: Task<Void, Never>] = [:]
    var waitingForEnd: [Waiter<Void>] = []
    var count = 0
  }

  private let state = Mutex(State())

  /// Runs `body` in a task of its own, which is cancelled with the caller but not abandoned.
  ///
  /// - Throws: what `body` throws; `CancellationError` at once if the caller is cancelled.
  func run<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let waiter = Waiter<Result>()
    let task = state.withLock { state in
      state.count += 1
      let number = state.count
      let task = Task { [self] in
        do {
          let result = try await body()
          waiter.resume(with: .success(result))
        } catch {
          waiter.resume(with: .failure(error))
        }
        end(number)
      }
      state.tasks[number] = task
      return task
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter.wait($0) }
    } onCancel: {
      task.cancel()
      waiter.resume(with: .failure(CancellationError()))
    }
  }

  /// Waits until no call is being made.
  ///
  /// - Returns: how many calls are still being made after `seconds`.
  func finish(within seconds: Double) async -> Int {
    let waiter = Waiter<Void>()
    let isIdle = state.withLock { state in
      if !state.tasks.isEmpty { state.waitingForEnd.append(waiter) }
      return state.tasks.isEmpty
    }
    if isIdle { return 0 }
    let timer = Task {
      try? await Task.sleep(for: .clamped(seconds: seconds))
      waiter.resume(with: .success(()))
    }
    defer { timer.cancel() }
    try? await withCheckedThrowingContinuation { waiter.wait($0) }
    return state.withLock { $0.tasks.count }
  }

  private func end(_ number: Int) {
    let waiting = state.withLock { state in
      state.tasks[number] = nil
      guard state.tasks.isEmpty else { return [Waiter<Void>]() }
      defer { state.waitingForEnd = [] }
      return state.waitingForEnd
    }
    for waiter in waiting { waiter.resume(with: .success(())) }
  }
}

/// Resumes one waiting task with the first of several results.
private final class Waiter<Value: Sendable>: Sendable {
  private enum State {
    case pending
    case waiting(CheckedContinuation<Value, any Error>)
    case resumed(Result<Value, any Error>)
    case over
  }

  private let state = Mutex(State.pending)

  func wait(_ continuation: CheckedContinuation<Value, any Error>) {
    let result = state.withLock { state -> Result<Value, any Error>? in
      guard case .resumed(let result) = state else {
        state = .waiting(continuation)
        return nil
      }
      state = .over
      return result
    }
    if let result { continuation.resume(with: result) }
  }

  func resume(with result: Result<Value, any Error>) {
    let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      switch state {
      case .pending: state = .resumed(result)
      case .waiting(let continuation):
        state = .over
        return continuation
      case .resumed, .over: break
      }
      return nil
    }
    continuation?.resume(with: result)
  }
}
