public import ImagineAPI

/// Displays the progress of jobs. Called from any thread.
public protocol JobProgress: Sendable {
  /// A script has begun to wait for a job.
  ///
  /// - Parameter instant: when the wait began. A wait with `on_progress` ends and begins here once
  ///   for each callback, always with the same instant.
  func began(_ job: String, at instant: ContinuousClock.Instant)
  func updated(_ job: String, _ status: JobStatus)
  func ended(_ job: String)
}
