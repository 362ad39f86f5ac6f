/// Runs work in a task of its own, which is cancelled when nobody wants its result any more.
///
/// - Parameter isWanted: asked several times a second.
func whileWanted<Result: Sendable>(
  _ isWanted: @escaping @Sendable () -> Bool,
  _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let work = Task { try await body() }
  let watch = Task {
    while isWanted() { try await Task.sleep(for: .milliseconds(100)) }
    work.cancel()
  }
  defer { watch.cancel() }
  return try await withTaskCancellationHandler {
    try await work.value
  } onCancel: {
    work.cancel()
  }
}
