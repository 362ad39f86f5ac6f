public import ImagineCore

/// Jobs without a script.
extension Session {
  public func submittedJobs() throws -> [SubmittedJob] {
    try ledger.jobs()
  }

  /// - Parameter name: the provider to ask; nil for the one that issued the id.
  public func status(ofJob id: String, provider name: String?) async throws -> JobStatus {
    let job = try await job(id: id, provider: name.map { try provider($0) })
    try remember(job, job.status)
    return job.status
  }

  public func saveVideo(
    ofJob id: String, to path: String, timeout: Double, provider name: String?
  ) async throws {
    try Video.check(path)
    let job = try await job(id: id, provider: name.map { try provider($0) })
    let video = try await wait(for: job, timeout: timeout)
    try await save(video, to: path, replacing: true)
  }

  public func deleteJob(_ id: String, provider name: String?) async throws {
    try await delete(id: id, provider: name.map { try provider($0) })
  }
}
