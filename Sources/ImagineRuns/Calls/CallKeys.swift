/// The journal keys of a call.
struct CallKeys: Sendable {
  var key: CallKey
  /// The key in the form of journal version 1.
  var keyOfVersion1: CallKey

  /// The keys of one of several calls that make one list of images.
  func part(_ part: Int) -> CallKeys {
    var copy = self
    copy.key.part = part
    copy.keyOfVersion1.part = part
    return copy
  }
}
