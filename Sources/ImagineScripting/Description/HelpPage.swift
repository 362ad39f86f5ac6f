import ImagineAPI
import ImagineLua

/// The help about everything that a script can use: operations from their descriptions, the standard
/// library from its comments.
package enum HelpPage {
  /// The page of a topic such as `generate`, `fs.read`, `Image:save` or `task`; nil if there is none.
  package static func text(_ topic: String) -> String? {
    HelpTopic.named(topic)?.text ?? LibraryHelp.text(topic)
  }

  /// A few words about a function or a field, such as `fs.read`, for a menu; nil if there are none.
  ///
  /// A menu asks for each of its names, so no page is made.
  package static func summary(_ topic: String) -> String? {
    for owner in ["imagine.", "Image:"] where topic.hasPrefix(owner) {
      if let operation = MediaOperation.named(String(topic.dropFirst(owner.count))) {
        return operation.summary
      }
    }
    return LibraryHelp.summary(topic)
  }

  package static var topics: [String] { HelpTopic.names + LibraryHelp.topics }
}
