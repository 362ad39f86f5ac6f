/// Where the calls of a provider go: a service that is there, or one that its first call starts.
public protocol CallTarget: Sendable {
  /// Makes a call. Where its service was lost during it and nothing is billed, it is made again.
  ///
  /// - Throws: what `send` throws; `ImagineError` if there is no service.
  func call<Result: Sendable>(
    _ send: @Sendable (Endpoint) async throws -> Result
  ) async throws -> Result
}

extension Endpoint: CallTarget {
  public func call<Result: Sendable>(
    _ send: @Sendable (Endpoint) async throws -> Result
  ) async throws -> Result { try await send(self) }
}
