public import ImagineAPI

/// Jobs outside a script.
extension Workflow {
  /// The jobs that scripts on this home submitted, newest first.
  public func submittedJobs() throws -> [SubmittedJob] {
    try ledger.jobs()
  }

  /// - Parameter name: the provider; nil for the one that issued the id.
  public func status(ofJob id: String, provider name: String?) async throws -> JobStatus {
    let job = try await job(id: id, provider: name.map { try provider($0) })
    try updateLedger(job, job.status)
    return job.status
  }

  /// Waits for a job's video and saves it; replaces an existing file.
  ///
  /// - Parameters:
  ///   - path: ends in `.mp4`, or is a device or a pipe.
  ///   - timeout: of the whole wait, in seconds.
  ///   - name: the provider; nil for the one that issued the id.
  public func saveVideo(
    ofJob id: String, to path: FilePath, timeout: Double, provider name: String?
  ) async throws {
    try Video.check(path)
    let deadline = Deadline(in: timeout)
    let job = try await job(id: id, provider: name.map { try provider($0) }, by: deadline)
    let video = try await wait(for: job, by: deadline)
    try await save(video, to: path)
  }

  /// Deletes a job and its video at the provider.
  public func deleteJob(_ id: String, provider name: String?) async throws {
    try await delete(id: id, provider: name.map { try provider($0) })
  }
}
