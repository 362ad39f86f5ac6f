/// Chooses one server for what only one should do, such as cleaning up.
///
/// Two servers may do it at once for a moment, if one was stopped beyond its lease: what a leader does
/// must be right then too.
public protocol LeaderStore: Sendable {
  /// Makes a server the leader of a task, or keeps it so. False while another one is.
  ///
  /// - Parameter seconds: after that time, unless it is asked for again, another server may lead.
  func lead(_ task: String, by server: String, for seconds: Double) async throws -> Bool
}
