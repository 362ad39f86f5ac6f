import ImagineAPI
import ImagineStdlib

/// Help about the standard library, `task` and the values of scripts, from ``LibraryComments``.
package enum LibraryHelp {
  /// The help about a topic, in lines of at most about 80 characters; nil if there is none.
  ///
  /// - Parameter topic: a function (`fs.read`, `Image:save`), a module (`fs`), or with a colon at its
  ///   end the type of a value (`Image:`).
  package static func text(_ topic: String) -> String? {
    if let function = function(topic) { return text(of: function, topic) }
    let comments = LibraryComments.all
    var name = topic
    if comments.classNamed(name) == nil, name.hasSuffix(":") { name.removeLast() }
    return comments.classNamed(name).map(text(of:))
  }

  /// The first sentence about a function or a field, for a menu; nil if there is none.
  package static func summary(_ topic: String) -> String? {
    if let function = function(topic) { return firstSentence(function.text) }
    guard let (owner, member) = parts(topic),
      let field = owner.fields.first(where: { $0.name == member || $0.name == member + "?" })
    else { return nil }
    return field.meaning.isEmpty ? field.type : field.meaning
  }

  /// The modules and the types of values that have a page.
  package static let names =
    ["imagine", "task"] + StandardLibrary.moduleNames
    + ["Image", "Video", "Job"]

  /// The topics that a person may ask for: ``names`` and their functions.
  package static var topics: [String] {
    let comments = LibraryComments.all
    return names
      + comments.functions.compactMap { function in
        comments.classes[function.owner].map { name(of: function, shortName($0.name)) }
      }
  }

  private static func function(_ topic: String) -> LibraryComments.Function? {
    guard let (owner, member) = parts(topic) else { return nil }
    return LibraryComments.all.function(member, of: owner)
  }

  /// The class and the member of a topic such as `Image:save` or `task.map`.
  private static func parts(_ topic: String) -> (LibraryComments.Class, String)? {
    guard let separator = topic.lastIndex(where: { $0 == "." || $0 == ":" }) else { return nil }
    let member = String(topic[topic.index(after: separator)...])
    let comments = LibraryComments.all
    // `task:cancel` is of a handle, `task.map` of the library.
    let owner =
      (topic[separator] == ":" ? comments.classNamed(String(topic[...separator])) : nil)
      ?? comments.classNamed(String(topic[..<separator]))
    guard let owner, !member.isEmpty else { return nil }
    return (owner, member)
  }

  private static func text(of function: LibraryComments.Function, _ topic: String) -> String {
    let owner = topic.prefix(upTo: topic.lastIndex { $0 == "." || $0 == ":" } ?? topic.endIndex)
    var lines = HelpTopic.wrapped(
      name(of: function, String(owner)) + function.arguments, at: ", ", first: "", rest: "  ")
    for result in function.results {
      let words = [result.type, result.name, result.meaning].filter { !$0.isEmpty }
      lines += HelpTopic.wrapped(
        "-> \(words.joined(separator: " "))", first: "  ", rest: "     ")
    }
    lines.append("")
    lines += paragraphs(function.text)
    if !function.parameters.isEmpty { lines += ["", "Arguments:"] + items(function.parameters) }
    return lines.joined(separator: "\n")
  }

  private static func text(of type: LibraryComments.Class) -> String {
    var lines = [shortName(type.name)]
    if !type.text.isEmpty { lines += [""] + paragraphs(type.text) }
    if !type.fields.isEmpty { lines += ["", "Fields:"] + items(type.fields) }
    let functions = LibraryComments.all.functions(of: type)
    if !functions.isEmpty {
      lines += ["", functions.contains(where: \.isMethod) ? "Methods:" : "Functions:"]
      lines += functions.flatMap { function in
        let separator = function.isMethod ? ":" : ""
        return HelpTopic.wrapped(
          firstSentence(function.text) ?? "",
          first: "  " + HelpTopic.padded("\(separator)\(function.name)", to: 20),
          rest: String(repeating: " ", count: 22))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func name(of function: LibraryComments.Function, _ owner: String) -> String {
    "\(owner)\(function.isMethod ? ":" : ".")\(function.name)"
  }

  /// The name that scripts and messages use: `Image` of `imagine.Image`, `task` of `tasklib`.
  private static func shortName(_ name: String) -> String {
    switch name {
    case "tasklib": "task"
    case "imagine.client": "imagine"
    case "imagine.Image", "imagine.Video", "imagine.Job": String(name.dropFirst(8))
    default: name
    }
  }

  private static func items(_ items: [LibraryComments.Item]) -> [String] {
    items.flatMap { item in
      let words = item.meaning.isEmpty ? item.type : "\(item.meaning) (\(item.type))"
      return HelpTopic.wrapped(
        words, first: "  " + HelpTopic.padded(item.name, to: 20),
        rest: String(repeating: " ", count: 22))
    }
  }

  /// Wraps the paragraphs of a comment; its code blocks stay as they are.
  private static func paragraphs(_ text: String) -> [String] {
    var lines: [String] = []
    var paragraph: [Substring] = []
    var isCode = false
    func flush() {
      guard !paragraph.isEmpty else { return }
      lines += HelpTopic.wrapped(paragraph.joined(separator: " "), first: "", rest: "")
      paragraph = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        flush()
        isCode.toggle()
      } else if isCode {
        lines.append("  \(line)")
      } else if line.isEmpty {
        flush()
        lines.append("")
      } else {
        paragraph.append(line)
      }
    }
    flush()
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  /// Up to the first full stop that ends a sentence.
  private static func firstSentence(_ text: String) -> String? {
    let paragraph = text.prefix(upTo: text.firstRange(of: "\n\n")?.lowerBound ?? text.endIndex)
      .split(separator: "\n").joined(separator: " ")
    guard !paragraph.isEmpty else { return nil }
    let end = paragraph.firstRange(of: ". ")?.lowerBound ?? paragraph.endIndex
    let sentence = paragraph[..<end]
    return String(sentence.hasSuffix(".") ? sentence.dropLast() : sentence)
  }
}
