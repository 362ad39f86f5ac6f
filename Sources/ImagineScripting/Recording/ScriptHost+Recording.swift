import HostStore
import ImagineAPI
import ImagineLua
import ImagineRuns
import Synchronization

/// Recordings of runs.
extension ScriptHost {
  /// Writes the run's random seed to the recording, if one is made.
  func record(seed: RandomSeed) {
    recorder?.record(seed: (seed.first, seed.second))
  }

  /// Checks that the recording can be written or read before anything is sent. A replayed run gets
  /// the recorded random seed.
  ///
  /// - Throws: `ImagineError` of kind `io` or `validation`.
  func openRecording() throws {
    try isRecordingOpen.withLock { isOpen in
      if !isOpen { try openRecordingOnce() }
      isOpen = true
    }
  }

  private func openRecordingOnce() throws {
    guard configuration.record == nil || configuration.replay == nil else {
      throw ImagineError(.validation, "a run cannot be both recorded and replayed", field: "replay")
    }
    let isWhole = configuration.run.resumption == .none && !configuration.run.usesCache
    guard configuration.record == nil || isWhole else {
      throw ImagineError(
        .validation,
        "a recording needs every answer of a run, so a recorded run can neither be resumed nor use"
          + " the cache", field: "record")
    }
    try recordingSource?.open()
    guard let recording = try replay?.recording() else { return }
    configuration.notice("every answer comes from the recording \(recording.path)")
    let seed = try recording.seed().map { RandomSeed(first: $0.0, second: $0.1) }
    core.run.replay(id: try recording.run(), seed: seed)
  }

  /// Completes the recording, if one is made. Call it when a run has ended; its answers are in it
  /// even if it failed. The recording of a failed run does not replace an existing one: it is
  /// written beside it as `NAME.failed`, and the user is told.
  ///
  /// - Parameter succeeded: whether the script ended normally.
  /// - Throws: `ImagineError` of kind `io`; then there is no recording.
  public func finishRecording(succeeded: Bool = true) throws {
    guard let recorder else { return }
    if let id = core.run.id { recorder.record(run: id) }
    let hasFailed = !succeeded || hasFailed.withLock { $0 }
    let path = try recorder.finish(replacing: !hasFailed)
    if let path, path != recorder.path {
      configuration.notice(
        "the run failed, so its recording is \(path); \(recorder.path) is unchanged")
    }
  }
}
