public import ImagineAPI
public import ImagineRuns

/// Jobs outside a script, for commands and Swift programs.
extension ScriptHost {
  /// The jobs that scripts on this home submitted, newest first.
  public func submittedJobs() throws -> [SubmittedJob] {
    try core.submittedJobs()
  }

  /// Requests a job's status from the given provider, or from the one that issued the id.
  ///
  /// - Throws: `ImagineError`, as all functions here do.
  public func status(ofJob id: String, provider: String? = nil) async throws -> JobStatus {
    try await core.status(ofJob: id, provider: provider)
  }

  /// Waits for a job's video and saves it.
  ///
  /// - Parameters:
  ///   - path: ends in `.mp4`.
  ///   - timeout: seconds.
  public func saveVideo(
    ofJob id: String, to path: FilePath, timeout: Double = StandardTimeout.wait,
    provider: String? = nil
  ) async throws {
    try await core.saveVideo(ofJob: id, to: path, timeout: timeout, provider: provider)
  }

  /// Deletes a job and its video at the provider.
  public func deleteJob(_ id: String, provider: String? = nil) async throws {
    try await core.deleteJob(id, provider: provider)
  }
}
