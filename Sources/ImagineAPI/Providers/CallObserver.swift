/// Observes the attempts of a call.
public protocol CallObserver: Sendable {
  /// The call is about to be written to the network.
  func willSend() async throws
  /// The service generated the images and answered with their temporary addresses.
  ///
  /// - Parameters:
  ///   - price: what the service billed, if it says so or its usage tells.
  ///   - usage: what the service counted, by its own names.
  func wasAnswered(at addresses: [String], price: Price?, usage: [String: Int64]) async throws
  /// An attempt failed; a retry may follow.
  ///
  /// - Parameter charged: the charge of that attempt alone; `no` if the service refused it or was
  ///   not reached.
  func attemptFailed(_ charged: ImagineError.Charged) async
  /// The part done, 0 … 1, if the service tells.
  func progressed(to part: Double) async
}

extension CallObserver {
  public func progressed(to part: Double) async {}
}
