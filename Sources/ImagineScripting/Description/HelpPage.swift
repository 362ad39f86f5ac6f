import ImagineAPI
import ImagineLua

/// The help about everything that a script can use: operations from their descriptions, the standard
/// library from its comments.
package enum HelpPage {
  /// The page of a topic such as `generate`, `fs.read`, `Image:save`, `task` or `styles`; nil if there
  /// is none. A function of `imagine` needs no prefix.
  package static func text(_ topic: String) -> String? {
    if topic == "styles" {
      return ImageStyle.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n")
    }
    return HelpTopic.named(topic)?.text ?? LibraryHelp.text(topic)
      ?? LibraryHelp.text("imagine.\(topic)")
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

  /// The modules and the types of values that have a page.
  package static var libraryNames: [String] { LibraryHelp.names }
}
