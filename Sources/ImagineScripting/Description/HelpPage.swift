import ImagineAPI
import ImagineLua

/// The help about everything that a script can use: operations from their descriptions, the standard
/// library from its comments.
package enum HelpPage {
  /// The page of a topic such as `generate`, `fs.read`, `Image:save` or `task`; nil if there is none.
  package static func text(_ topic: String) -> String? {
    HelpTopic.named(topic)?.text ?? LibraryHelp.text(topic)
  }

  /// A few words about a topic, for a menu; nil if there is none.
  package static func summary(_ topic: String) -> String? {
    HelpTopic.named(topic)?.summary ?? LibraryHelp.summary(topic)
  }

  package static var topics: [String] { HelpTopic.names + LibraryHelp.topics }
}
