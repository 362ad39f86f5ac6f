import ImagineCore
import ImagineLua
import ImagineStore
import Synchronization

/// Recordings of runs.
extension ScriptHost {
  /// Keeps in the recording, where one is made, what the run draws from.
  func record(seed: RandomSeed) {
    recorder?.record(seed: (seed.first, seed.second))
  }

  /// Looks whether the recording can be written, or read, before anything is sent. What is replayed
  /// draws what it drew.
  ///
  /// - Throws: ``ImagineError`` of kind `io` or `validation`.
  func openRecording() throws {
    guard configuration.record == nil || configuration.replay == nil else {
      throw ImagineError(.validation, "a run is recorded or replayed, not both", field: "replay")
    }
    let isWhole = configuration.run.resumption == .none && !configuration.run.usesCache
    guard configuration.record == nil || isWhole else {
      throw ImagineError(
        .validation,
        "a recording holds every answer of a run, so a run that is recorded is neither resumed nor"
          + " answered by the cache", field: "record")
    }
    try recordingSource?.open()
    guard let recording = try replay?.recording() else { return }
    configuration.notice("every answer comes from the recording \(recording.path)")
    let seed = try recording.seed().map { RandomSeed(first: $0.0, second: $0.1) }
    session.run.replay(id: try recording.run(), seed: seed)
  }

  /// Gives the recording its name, where one is made. To be called when a run has ended; its answers
  /// are in it whether it ended well or not. That of a run that failed does not take the place of a
  /// recording that is there: it is written beside it, as `NAME.failed`, and that is told.
  ///
  /// - Parameter succeeded: whether the script came to its end.
  /// - Throws: ``ImagineError`` of kind `io`; then there is no recording.
  public func finishRecording(succeeded: Bool = true) throws {
    guard let recorder else { return }
    if let id = session.run.id { recorder.record(run: id) }
    let hasFailed = !succeeded || hasFailed.withLock { $0 }
    let path = try recorder.finish(replacing: !hasFailed)
    if let path, path != recorder.path {
      configuration.notice(
        "the run failed, so the recording \(recorder.path) is left as it was; that of this run is"
          + " \(path)")
    }
  }
}
