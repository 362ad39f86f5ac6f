/// Media that are to be removed, by the beginning of their names: `jobs/<id>/`.
///
/// Whether a medium exists is decided here, never by a listing of the media. What is due stays listed
/// until it was removed, so a server that dies between the two leaves nothing behind.
public protocol RemovalStore: Sendable {
  /// Makes media due for removal. For media that are already listed, the later time counts.
  ///
  /// - Parameter seconds: from now, by the store's clock.
  func scheduleRemoval(of prefix: String, after seconds: Double) async throws

  /// Media that are due, those that are due longest first.
  func dueRemovals(limit: Int) async throws -> [String]

  /// Forgets media that were removed. Those that are not due any more, because they were scheduled
  /// again meanwhile, stay listed.
  func recordRemoval(of prefixes: [String]) async throws

  /// The id of this store, for good. Its media carry the same id, so that no other store removes
  /// them.
  ///
  /// - Parameter id: made by the caller, for a store that has none yet.
  func identity(ifNone id: String) async throws -> String
}
