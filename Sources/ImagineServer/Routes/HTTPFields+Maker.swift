import HTTPTypes

/// The header with the version of the engine that made an answer, so that nobody takes its images for
/// a model's.
extension HTTPFields {
  /// Names who made the images of an answer.
  ///
  /// - Parameter version: of an engine; nil for a model.
  mutating func setMaker(_ version: String?) { self[.imagineEngine] = version ?? "" }

  /// Names the server's engine, unless ``setMaker(_:)`` named another or a model.
  mutating func nameEngine(_ version: String) {
    switch self[.imagineEngine] {
    case nil: self[.imagineEngine] = version
    case "": self[.imagineEngine] = nil
    default: break
    }
  }
}
