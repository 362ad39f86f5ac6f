import ImagineAPI
import ImagineSystem
import Lua

extension FilePath {
  /// The largest file that is read into a string, in bytes: 256 MiB.
  static let maxBytes = 1 << 28

  /// A path from a script, byte by byte.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for an empty path or a zero byte.
  init(_ call: borrowing LuaCall, _ index: Int) throws {
    try self.init(call.get(index, as: LuaString.self), field: "path")
  }

  init(_ string: LuaString, field: String) throws(ImagineError) {
    guard !string.bytes.isEmpty, !string.bytes.contains(0) else {
      throw .invalid(
        field: field, given: "\"\(string.text.printable)\"",
        expected: "a path of at least one character, without zero bytes")
    }
    self.init(bytes: string.bytes)
  }

  /// The path as a Lua string.
  var luaString: LuaString { LuaString(bytes) }

  /// The content of a file or a pipe; counts against the script's memory limit while it is read.
  func contents(for state: LuaState) throws -> [UInt8] {
    let memory = try state.reserve(bytes: 0)
    return try FileReader(self).all(limit: Self.maxBytes) { try memory.grow(by: $0) }
  }

  /// Creates the folder of the path if it is missing.
  func makeParent() throws(ImagineError) {
    if try parent.status() == nil { try AtomicFile.makeFolder(parent) }
  }
}
