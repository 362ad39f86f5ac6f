import ImagineStore

/// Recordings of runs.
extension ScriptHost {
  /// What the run that is replayed began its random numbers with; nil where nothing is replayed, or
  /// none was recorded.
  ///
  /// - Throws: ``ImagineError`` of kind `io` or `validation` where the recording cannot be read.
  func recordedSeed() throws -> (Int64, Int64)? {
    try replay?.recording().seed()
  }

  /// Keeps in the recording, where one is made, what the run began its random numbers with.
  func record(seed: (Int64, Int64)) {
    recorder?.record(seed: seed)
  }

  /// Looks whether the recording can be written, or read, before anything is sent.
  ///
  /// - Throws: ``ImagineError`` of kind `io` or `validation`.
  func openRecording() throws {
    guard configuration.record == nil || configuration.replay == nil else {
      throw ImagineError(.validation, "a run is recorded or replayed, not both", field: "replay")
    }
    try recordingSource?.open()
    if let replay {
      configuration.notice("every answer comes from the recording \(try replay.recording().path)")
    }
  }

  /// Gives the recording its name, where one is made. To be called when a run has ended; its answers
  /// are in it whether it ended well or not.
  ///
  /// - Throws: ``ImagineError`` of kind `io`; then there is no recording.
  public func finishRecording() throws {
    try recorder?.finish()
  }
}
