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

  private let folder: FilePath

  /// - Parameter folder: need not exist.
  package init(_ folder: FilePath) { self.folder = folder }

  package var recording: FilePath { path(Self.recording) }

  /// Writes the files that are not there, all but the recording; replaces none.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  package func write() throws -> [File] {
    try Self.files.map { name, bytes in
      let path = path(name)
      let isNew = try path.status() == nil
      if isNew { try path.write(bytes, replacing: false) }
      return File(path: path, isNew: isNew)
    }
  }

  private func path(_ name: String) -> FilePath {
    folder.description == "."
      ? FilePath(name) : FilePath(bytes: folder.bytes + Array("/\(name)".utf8))
  }

  private static var files: [(name: String, bytes: [UInt8])] {
    [
      (".luarc.json", Array(editorSettings.utf8)), (".gitignore", Array("out/\n".utf8)),
      ("hello.lua", ProjectSources.example), (test, ProjectSources.test),
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
