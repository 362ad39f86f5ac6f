import ImagineStdlib

/// What the `---` comments of the standard library say about its classes and functions.
///
/// The comments are those that editors read (LuaLS annotations), so the prompt, `imagine help` and an
/// editor say the same. They are parsed when help is first asked for.
struct LibraryComments {
  /// A name with its type and meaning: a field, a parameter or a result.
  struct Item {
    var name: String
    var type: String
    var meaning: String
  }

  struct Function {
    /// The class that it belongs to, such as `imagine.Image`.
    var owner: String
    var name: String
    var isMethod: Bool
    /// What follows the name: `(path, options)`, or with types `(path: string): string`.
    var arguments: String
    var text: String
    var parameters: [Item]
    var results: [Item]
  }

  struct Class {
    var name: String
    var parent: String?
    var text: String
    var fields: [Item]
  }

  private(set) var classes: [String: Class] = [:]
  private(set) var functions: [Function] = []
  /// Other names of classes: those of the variables that hold their functions, and of Lua types.
  private var classNames: [String: String] = [:]

  static let all: LibraryComments = {
    var comments = LibraryComments()
    for name in StandardLibrary.moduleNames {
      comments.read(String(decoding: StandardLibrary.source(ofModule: name), as: UTF8.self))
    }
    comments.read(String(decoding: StandardLibrary.types, as: UTF8.self))
    return comments
  }()

  /// The class of a name such as `imagine.Image`, `Image` or `fs`; nil if there is none.
  func classNamed(_ name: String) -> Class? {
    classes[classNames[name] ?? name]
  }

  /// The function `member` of a class, its own or that of a parent.
  func function(_ member: String, of owner: Class) -> Function? {
    var owner: Class? = owner
    for _ in 0..<8 {
      guard let current = owner else { return nil }
      if let found = functions.first(where: { $0.owner == current.name && $0.name == member }) {
        return found
      }
      owner = current.parent.flatMap { classes[$0] }
    }
    return nil
  }

  /// The functions of a class and of its parents, in the order of their text.
  func functions(of owner: Class) -> [Function] {
    let own = functions.filter { $0.owner == owner.name }
    guard let parent = owner.parent.flatMap({ classes[$0] }) else { return own }
    return own + functions(of: parent).filter { other in !own.contains { $0.name == other.name } }
  }

  // MARK: Reading

  private mutating func read(_ source: String) {
    // The class of each variable: one file's `options` is not another's.
    var variables: [String: String] = [:]
    var block = Block()
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("---") {
        block.add(line.dropFirst(3))
        continue
      }
      if let new = block.classFound {
        classes[new.name] = new
        if let variable = Self.variable(line) {
          variables[variable] = new.name
          classNames[variable] = classNames[variable] ?? new.name
        }
      } else if let (path, arguments) = Self.definition(line, block.type) {
        let separator = path.lastIndex { $0 == "." || $0 == ":" }
        if let separator, let owner = variables[String(path[..<separator])], !block.isEmpty {
          functions.append(
            Function(
              owner: owner, name: String(path[path.index(after: separator)...]),
              isMethod: path[separator] == ":", arguments: arguments, text: block.text,
              parameters: block.parameters, results: block.results))
        }
      }
      block = Block()
    }
    // The Lua type of a handle has the name of the library.
    classNames["task:"] = "task.handle"
  }

  /// The variable that a line declares: `local Image = {}`, `task = {}`.
  private static func variable(_ line: Substring) -> String? {
    let words = line.split(separator: " ")
    guard let equals = words.firstIndex(of: "="), equals >= 1 else { return nil }
    return String(words[equals - 1])
  }

  /// Path and arguments of the function that a line defines: `function fs.exists(path)`, or
  /// `fs.info = native.info` with its type.
  private static func definition(
    _ line: Substring, _ type: String?
  ) -> (path: String, arguments: String)? {
    if line.hasPrefix("function ") {
      let rest = line.dropFirst("function ".count)
      guard let open = rest.firstIndex(of: "("), let close = rest.firstIndex(of: ")") else {
        return nil
      }
      return (String(rest[..<open]), String(rest[open...close]))
    }
    guard let type, type.hasPrefix("fun("), let path = variable(line), path.contains(".") else {
      return nil
    }
    return (path, String(type.dropFirst(3)))
  }

  /// The comment lines above a definition.
  private struct Block {
    var text = ""
    var classFound: Class?
    var type: String?
    var parameters: [Item] = []
    var results: [Item] = []
    var isEmpty: Bool { text.isEmpty && type == nil && parameters.isEmpty && results.isEmpty }

    mutating func add(_ line: Substring) {
      let line = line.hasPrefix(" ") ? line.dropFirst() : line
      guard line.hasPrefix("@") else {
        guard !line.hasPrefix("|") else { return }
        if classFound == nil { text += text.isEmpty ? String(line) : "\n\(line)" }
        return
      }
      let parts = line.dropFirst().split(separator: " ", maxSplits: 1)
      let rest = parts.count > 1 ? String(parts[1]) : ""
      switch parts.first {
      case "class":
        let names = rest.split(separator: ":", maxSplits: 1)
          .map { $0.split(separator: " ").first.map(String.init) ?? "" }
        classFound = Class(
          name: names.first ?? "", parent: names.count > 1 ? names[1] : nil, text: text, fields: [])
      case "field": classFound?.fields.append(Self.item(rest))
      case "param": parameters.append(Self.item(rest))
      case "return":
        let (type, meaning) = Self.splitType(rest[...])
        // A result has its name behind its type.
        let words = meaning.split(separator: " ", maxSplits: 1).map(String.init)
        results.append(
          Item(
            name: words.first.map { "(\($0))" } ?? "", type: type,
            meaning: words.count > 1 ? words[1] : ""))
      case "type": type = rest
      default: break
      }
    }

    private static func item(_ text: String) -> Item {
      let parts = text.split(separator: " ", maxSplits: 1)
      let (type, meaning) = splitType(parts.count > 1 ? parts[1] : "")
      return Item(name: parts.first.map(String.init) ?? "", type: type, meaning: meaning)
    }

    /// A type ends at the first space outside brackets and quotes.
    private static func splitType(_ text: Substring) -> (type: String, meaning: String) {
      var depth = 0
      var isQuoted = false
      var previous: Character = " "
      for index in text.indices {
        let character = text[index]
        switch character {
        case "\"": isQuoted.toggle()
        case "(", "{", "<", "[": depth += 1
        case ")", "}", ">", "]": depth -= 1
        // `fun(): any` goes on behind its colon.
        case " " where depth == 0 && !isQuoted && previous != ":":
          return (
            String(text[..<index]), String(text[index...].drop { $0 == " " })
          )
        default: break
        }
        previous = character
      }
      return (String(text), "")
    }
  }
}
