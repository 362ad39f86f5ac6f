package import ImagineAPI

extension JobState {
  /// - Throws: ``StoreUnreachable`` for a state that this version does not know.
  package init(stored word: String) throws {
    guard let state = JobState(rawValue: word) else {
      throw StoreUnreachable("a job has the state '\(word)', which a newer version wrote")
    }
    self = state
  }
}
