import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@Suite("The README names only what exists")
struct ReadmeTests {
  private let readme: String
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../README.md")
    readme = try String(contentsOf: file, encoding: .utf8)
  }

  private func imagine(_ arguments: [String]) async throws -> Program.Outcome {
    try await Program.imagine.run(
      arguments,
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
  }

  /// The lines of the table of functions, in cells.
  private var functions: [[String]] {
    readme.components(separatedBy: "| `imagine.` |").dropFirst().first?
      .components(separatedBy: "\n\n")[0].split(separator: "\n").dropFirst(2)
      .map { $0.split(separator: "|").map(String.init) } ?? []
  }

  private func names(in text: String) -> [String] {
    text.matches(of: /`:?([a-z_]+)`/).map { String($0.1) }
  }

  @Test("every function that it names exists")
  func existingFunctions() async throws {
    let outcome = try await imagine(["-e", "for name in pairs(imagine) do print(name) end"])
    let existing = Set(outcome.output.split(separator: "\n").map(String.init))
    let mentioned = readme.matches(of: /(?:^|[^.\/\w])imagine\.([a-z_]+)/).map { String($0.1) }
    let listed = functions.flatMap { names(in: $0[0]) }
    #expect(mentioned.count > 5 && listed.count > 15)
    for name in mentioned + listed { #expect(existing.contains(name), "imagine.\(name)") }
    // And the table has every function.
    #expect(Set(listed) == existing, "\(Set(listed).symmetricDifference(existing))")
  }

  @Test("every field that its table names exists, and the table has every field")
  func existingFields() throws {
    let operations =
      MediaOperation.all + PictureOperation.all.filter { !$0.isMethod }.map(\.operation)
    for row in functions {
      let rowNames = names(in: row[0])
      let allowed: [String] = rowNames.flatMap { name -> [String] in
        switch name {
        case "configure": SettingField.all.map(\.name)
        case "wait": WaitField.all.map(\.name)
        case "provider": ProviderKind.allSettings
        case "chain": ["members", "drop", "provider"]
        case "estimate", "spent", "history": ["run", "limit"]
        default:
          (operations.first { $0.name == name }?.fields.map(\.name) ?? []) + ["n", "animate"]
        }
      }
      let given = names(in: row[1]).filter { !rowNames.contains($0) }
      for name in given { #expect(allowed.contains(name), "\(rowNames): \(name)") }
      for operation in operations where rowNames.contains(operation.name) {
        for field in operation.fields {
          #expect(given.contains(field.name), "\(operation.name): \(field.name)")
        }
      }
    }
    let options = try #require(readme.split(separator: "\n").first { $0.hasPrefix("Every call ") })
    for field in CallField.ofEveryCall {
      #expect(options.contains("`\(field.name)"), "\(field.name)")
    }
  }

  @Test("the sizes are those of the built-in engine")
  func sizes() {
    func text(_ ratio: AspectRatio, _ size: PixelSize) -> String {
      "\(ratio.rawValue) \(size.width)×\(size.height)"
    }
    for ratio in AspectRatio.allCases { #expect(readme.contains(text(ratio, ratio.pixelSize))) }
    for ratio in AspectRatio.video { #expect(readme.contains(text(ratio, ratio.videoSize))) }
    #expect(
      readme.contains(
        "\(VideoFiles.standardSeconds) s of \(VideoFiles.framesPerSecond) frames a second"))
  }

  @Test("every command that it names exists")
  func commands() async throws {
    let words = Set(
      readme.matches(of: /(?:^|\n|`)imagine ([a-z]+)(?=[ `\n])/).map { String($0.1) })
    #expect(words.count > 8)
    for word in words.sorted() {
      let help = try await imagine(["help", word])
      #expect(help.status == 0, "imagine \(word): \(help.errors)")
    }
  }

  @Test("every option that it names exists")
  func options() async throws {
    var help = ""
    for command in [["serve"], ["token", "add"], ["jobs", "list"], ["move"]] {
      help += try await Program.server.run(command + ["--help"]).output
    }
    for command in [
      "", "plan", "doctor", "runs list", "runs show", "runs resume", "runs delete", "runs prune",
      "jobs list", "jobs show", "jobs wait", "jobs delete", "cache prune", "show", "rerun",
      "describe", "models", "generate", "edit crop", "batch", "convert", "sheet", "spent",
    ] {
      help += try await imagine(command.split(separator: " ").map(String.init) + ["--help"]).output
    }
    let existing = Set(help.matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
    // Of curl, of the scripts, and of other servers.
    let others: Set<String> = ["--location", "--request", "--header", "--form", "--yes", "--api"]
    let mentioned = Set(readme.matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
    #expect(mentioned.count > 20)
    for option in mentioned.subtracting(others).sorted() {
      #expect(existing.contains(option), "\(option)")
    }
  }
}
