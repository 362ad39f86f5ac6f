public import ArgumentParser
public import ImagineScripting
import Lua
import Synchronization

/// A path as an argument of a command, byte by byte as the system passed it.
extension FilePath: ExpressibleByArgument {
  public init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    self.init(bytes: CommandLineText.bytes(of: argument))
  }
}

/// Converts the arguments to strings for the parser, which takes nothing else, and remembers the
/// bytes of those that are not UTF-8.
enum CommandLineText {
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
