import ImagineAPI

/// A call that is being made, as the server knows it: by an id that the host chose.
///
/// A server has one state for all its clients, so what is running may be somebody else's. Only the
/// progress of this very task is shown, and only it is stopped.
struct SDAPITask: Sendable {
  let id: String
  private let transport: HTTPTransport
  private let endpoint: Endpoint
  private let pause: Double

  /// Seconds between two questions.
  static let standardPause = 1.0
  /// Seconds for the answer to one.
  private static let patience = 3.0

  init(transport: HTTPTransport, endpoint: Endpoint, pause: Double) {
    self.pause = pause
    self.transport = transport
    self.endpoint = endpoint
    var generator = SystemRandomNumberGenerator()
    id = "imagine-" + (0..<2).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
  }

  /// Makes a call and reports its progress. If the call is cancelled or takes too long, the server
  /// is told to stop it.
  ///
  /// - Parameter task: nil for a server that takes no id.
  static func watched<Result: Sendable>(
    _ task: SDAPITask?, _ observer: (any CallObserver)?, _ body: () async throws -> Result
  ) async throws -> Result {
    let watch = Task { if let observer { await task?.report(to: observer) } }
    defer { watch.cancel() }
    do {
      return try await body()
    } catch let error as ImagineError where error.kind == .cancelled || error.kind == .timeout {
      // Of its own, since this one may be cancelled.
      await Task { await task?.interrupt() }.value
      throw error
    }
  }

  private struct State: Sendable {
    var isActive: Bool
    var progress: Double?
  }

  private func report(to observer: any CallObserver) async {
    while true {
      do { try await Task.sleep(for: .clamped(seconds: pause)) } catch { return }
      let state: State?
      // A server that loads a model answers late: the next question may be answered.
      do { state = try await self.state() } catch { continue }
      guard let state else { return }
      if state.isActive, let progress = state.progress { await observer.progressed(to: progress) }
    }
  }

  /// The state of this task; nil if the server does not tell.
  private func state() async throws -> State? {
    let body: Value = ["id_task": .text(id), "live_preview": false]
    return try await transport.perform(call("/internal/progress", body)) { answer in
      guard answer.isSuccess, let root = JSONValue(try await answer.bytes()) else { return nil }
      guard case .flag(let isActive)? = root["active"] else { return nil }
      let progress = root["progress"]?.number
      return State(
        isActive: isActive, progress: progress.flatMap { (0...1).contains($0) ? $0 : nil })
    }
  }

  /// Stops the task if it is the one that runs.
  private func interrupt() async {
    guard let state = try? await state(), state.isActive else { return }
    _ = try? await transport.perform(call("/sdapi/v1/interrupt", [:])) { answer in
      _ = try await answer.errorBody()
    }
  }

  private func call(_ path: String, _ body: Value) -> HTTPTransport.Call {
    let address = endpoint.address(path)
    return HTTPTransport.Call(
      method: "POST", address: address, endpoint: "POST \(path)",
      authorization: endpoint.authorization(for: address), contentType: "application/json",
      body: Array(body.json.utf8), limit: TimeLimit(total: Self.patience))
  }
}
