import ImagineAPI
import Synchronization

/// What a server of A1111's API remembers between requests: there once for all, here for each
/// account.
final class SDAPISessions: Sendable {
  /// A call in work.
  private struct Running {
    let name: String
    let images: Int
    let control: EngineControl
  }

  /// How far the calls of an account are.
  struct Progress {
    /// The route's name; empty if nothing runs.
    var name = ""
    /// Images of all calls.
    var images = 0
    /// 0 … 1.
    var part = 0.0
  }

  private struct State {
    var running: [String: [Int: Running]] = [:]
    var next = 0
    /// The models that accounts have chosen.
    var models: [String: String] = [:]
  }

  /// With more choices all are forgotten: any text is a token on a server that takes any.
  private static let maxChoices = 10_000

  private let state = Mutex(State())

  /// Does a call's work, which ``interrupt(_:)`` can stop.
  func run<Result>(
    _ name: String, images: Int, of account: Account, _ control: EngineControl,
    _ work: () async throws -> Result
  ) async throws -> Result {
    let number = state.withLock { state in
      state.next += 1
      state.running[account.id, default: [:]][state.next] = Running(
        name: name, images: images, control: control)
      return state.next
    }
    defer {
      state.withLock { state in
        state.running[account.id]?[number] = nil
        if state.running[account.id]?.isEmpty == true { state.running[account.id] = nil }
      }
    }
    return try await work()
  }

  /// Stops the calls of an account.
  func interrupt(_ account: Account) {
    let calls = state.withLock { $0.running[account.id] ?? [:] }
    for call in calls.values { call.control.cancel() }
  }

  func progress(of account: Account) -> Progress {
    let calls = state.withLock { $0.running[account.id] ?? [:] }
    return calls.sorted { $0.key > $1.key }.reduce(into: Progress()) { progress, call in
      progress.name = call.value.name
      progress.images += call.value.images
      progress.part += call.value.control.progress / Double(calls.count)
    }
  }

  /// The model of an account's calls that name none.
  func model(of account: Account) -> String {
    state.withLock { $0.models[account.id] } ?? OpenAIModel.id
  }

  func choose(_ model: String, for account: Account) {
    state.withLock { state in
      if state.models.count >= Self.maxChoices { state.models = [:] }
      state.models[account.id] = model == OpenAIModel.id ? nil : model
    }
  }
}
