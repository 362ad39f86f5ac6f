package import ImagineAPI
import ImagineLua
import ImagineSystem

/// A folder for workflows: an example, types for editors, and a test.
package struct ProjectFolder: Sendable {
  /// A file of the project.
  package struct File: Sendable {
    package let path: FilePath
    /// False for one that was there before.
    package let isNew: Bool
  }

  /// The test, and the recording that it runs from.
  package static let test = "tests/hello.lua"
  package static let recording = "tests/hello.recording"

  private static let example = "hello.lua"
  private let folder: FilePath

  /// - Parameter folder: need not exist.
  package init(_ folder: FilePath) { self.folder = folder }

  package var recording: FilePath { path(Self.recording) }

  /// Whether the project has another script under the name of the example.
  package var hasOwnExample: Bool {
    get throws {
      let path = path(Self.example)
      return try path.status() != nil && FileReader(path).all() != ProjectSources.example
    }
  }

  /// Writes the files that are not there, all but the recording; replaces none. A script of the user's
  /// own in place of the example gets no test.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  package func write() throws -> [File] {
    let isOwn = try hasOwnExample
    return try Self.files.filter { !isOwn || $0.name != Self.test }.map { name, bytes in
      let path = path(name)
      let isNew = try path.status() == nil
      if isNew { try path.write(bytes, replacing: false) }
      return File(path: path, isNew: isNew)
    }
  }

  private func path(_ name: String) -> FilePath {
    folder.description == "." ? FilePath(name) : folder.appending(name)
  }

  private static var files: [(name: String, bytes: [UInt8])] {
    [
      (".luarc.json", Array(editorSettings.utf8)), (".gitignore", Array("out/\n".utf8)),
      (example, ProjectSources.example), (test, ProjectSources.test),
    ] + ProjectSources.types.map { (".imagine/types/\($0.name).lua", $0.bytes) }
  }

  /// For lua-language-server: where the types are.
  private static let editorSettings = """
    {
      "runtime.version": "Lua 5.4",
      "workspace.library": [".imagine/types"],
      "workspace.checkThirdParty": false
    }

    """
}
