import ArgumentParser
import Foundation
import ImagineScripting
import ImagineSystem

/// `imagine init`: makes a project.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine init",
    abstract: "Makes a project: an example, types for editors, and a test with its recording.",
    discussion: """
      It replaces no file. The types are for editors with lua-language-server, which then complete
      and check scripts with no further set-up. The recording is made with the built-in engine; the
      test runs from it without a key, a network and a server:

        imagine --replay tests/hello.recording tests/hello.lua

      Prints the paths of the files that it made.
      """)

  @ArgumentParser.Argument(help: "The folder; made if it does not exist.")
  var folder = FilePath(".")

  func run() async throws {
    let project = ProjectFolder(folder)
    for file in try project.write() {
      if file.isNew {
        try Output.line(file.path.description)
      } else {
        Notice.write("kept \(file.path), which exists")
      }
    }
    if try project.hasOwnExample {
      return Notice.write("hello.lua is not the example, so it gets no test and no recording")
    }
    guard !FileManager.default.fileExists(atPath: project.recording.description) else {
      return Notice.write("kept \(project.recording), which exists")
    }
    try record(to: project.recording)
    try Output.line(project.recording.description)
  }

  /// Runs the project's first test with the built-in engine in a folder of its own, so that nothing of
  /// the user's is replaced.
  private func record(to recording: FilePath) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "imagine-init-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try ProjectFolder(FilePath(folder.path)).write()
    let process = Process()
    process.executableURL = URL(filePath: Program.path)
    process.arguments = [
      "-E", "--quiet", "--no-journal", "--provider", "local", "--record", ProjectFolder.recording,
      ProjectFolder.test,
    ]
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    // What goes wrong there is told on stderr.
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw ImagineError(
        .io,
        "no recording was made; in the project, `imagine --provider local --record"
          + " \(ProjectFolder.recording) \(ProjectFolder.test)` makes it")
    }
    let made = try Data(contentsOf: folder.appending(path: ProjectFolder.recording))
    try recording.write(Array(made), replacing: false)
  }
}
