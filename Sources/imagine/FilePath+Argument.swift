public import ArgumentParser
public import ImagineScripting
import Lua
import Synchronization

/// A path as an argument of a command: byte by byte, as the system gave it.
extension FilePath: ExpressibleByArgument {
  public init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    self.init(bytes: CommandWords.bytes(of: argument))
  }
}

/// The words of a command line as texts, for a parser that takes no other. Those that are not UTF-8
/// are known again by their texts.
enum CommandWords {
  private static let words = Mutex<[String: [UInt8]]>([:])

  static func texts(_ words: some Sequence<LuaString>) -> [String] {
    words.map { word in
      if word.validText == nil { self.words.withLock { $0[word.text] = word.bytes } }
      return word.text
    }
  }

  fileprivate static func bytes(of text: String) -> [UInt8] {
    words.withLock { $0[text] } ?? Array(text.utf8)
  }
}
