/// Names a job at its provider. A call of any operation may leave one; it is journaled, so that the
/// answer of a paid call is asked for again and the call is not sent twice.
public struct Ticket: Sendable, Hashable, Codable {
  /// The provider's id of the job, or the one that the host chose (``ProviderProfile/takesTickets``).
  public var id: String

  public init(id: String) {
    self.id = id
  }
}
