import ImagineCore
import ImagineSystem
import Lua

extension FilePath {
  /// The most bytes that are read into a string at once: 256 MiB.
  static let mostBytes = 1 << 28

  /// The path that a script gave, byte by byte.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for what no path can be.
  init(_ call: borrowing LuaCall, _ index: Int) throws {
    try self.init(call.get(index, as: LuaString.self), field: "path")
  }

  init(_ string: LuaString, field: String) throws(ImagineError) {
    guard !string.bytes.isEmpty, !string.bytes.contains(0) else {
      throw .invalid(
        field: field, given: "\"\(string.text.printable)\"",
        expected: "a path of at least one character, none of them zero")
    }
    self.init(bytes: string.bytes)
  }

  /// The path as a script has it.
  var luaString: LuaString { LuaString(bytes) }

  /// The content of a file, or what comes out of a pipe; counted against the script's memory while
  /// it is read.
  func contents(for state: LuaState) throws -> [UInt8] {
    let memory = try state.reserve(bytes: 0)
    return try FileReader(self).all(limit: Self.mostBytes) { try memory.grow(by: $0) }
  }

  /// Makes the folder that the path is in.
  func makeParent() throws(ImagineError) {
    if try parent.facts() == nil { try WholeFile.makeFolder(parent) }
  }
}
