/// What a server does. Several on one data directory share its work.
public enum ServiceRole: String, Sendable, CaseIterable {
  /// Answers requests, and accepts videos that others make.
  case serve
  /// Makes the videos that others accept; answers no requests.
  case work
  case both
}
