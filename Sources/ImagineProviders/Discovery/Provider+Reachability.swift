package import ImagineAPI

extension Provider {
  /// Asks for the state of a job that does not exist, which costs nothing: "not found" proves the
  /// address and the token.
  ///
  /// - Returns: the error, if it is another one.
  package func faultOfUnknownJob(_ context: CallContext) async -> ImagineError? {
    do {
      _ = try await poll(Ticket(id: "00000000-0000-0000-0000-000000000000"), context)
      return nil
    } catch let error as ImagineError {
      return error.kind == .notFound ? nil : error
    } catch {
      return ImagineError(.server, "\(error)")
    }
  }
}
