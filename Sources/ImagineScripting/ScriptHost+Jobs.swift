/// Jobs from outside a script: for commands, and for Swift programs.
extension ScriptHost {
  /// The jobs that scripts on this home submitted, the newest first.
  public func submittedJobs() throws -> [SubmittedJob] {
    try session.submittedJobs()
  }

  /// Asks the provider that issued the id, or the one that is named.
  ///
  /// - Throws: ``ImagineError``, as all functions here do.
  public func status(ofJob id: String, provider: String? = nil) async throws -> JobStatus {
    try await session.status(ofJob: id, provider: provider)
  }

  /// Waits for a job's video and saves it.
  ///
  /// - Parameters:
  ///   - path: ends in `.mp4`.
  ///   - timeout: seconds.
  public func saveVideo(
    ofJob id: String, to path: FilePath, timeout: Double = 1800, provider: String? = nil
  ) async throws {
    try await session.saveVideo(ofJob: id, to: path, timeout: timeout, provider: provider)
  }

  /// Deletes a job and its video at the provider.
  public func deleteJob(_ id: String, provider: String? = nil) async throws {
    try await session.deleteJob(id, provider: provider)
  }
}
