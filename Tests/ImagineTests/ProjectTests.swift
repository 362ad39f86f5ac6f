import Foundation
import ImagineTestSupport
import Testing

@Suite("imagine init, completion and the manual page")
struct ProjectTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func imagine(
    _ arguments: [String], in name: String = "", _ environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    try await Program.imagine.run(
      arguments,
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
      ].merging(environment) { $1 }, in: folder.file(name))
  }

  @Test("init makes a project whose test runs from its recording, and replaces nothing")
  func project() async throws {
    try FileSystem.write("mine", to: folder.file("shop/.gitignore"))
    let made = try await imagine(["init", "shop"])
    #expect(made.status == 0 && made.errors == "imagine: kept shop/.gitignore, which exists\n")
    let paths = Set(made.output.split(separator: "\n").map(String.init))
    for path in ["shop/hello.lua", "shop/.luarc.json", "shop/tests/hello.recording"] {
      #expect(paths.contains(path), "\(made.output)")
    }
    #expect(paths.isSubset(of: folder.files) && !folder.files.contains { $0.contains("/out/") })

    let settings = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: folder.file("shop/.luarc.json"))))
    let library = try #require(
      ((settings as? [String: Any])?["workspace.library"] as? [String])?.first)
    for name in ["imagine", "csv", "fs", "prompts"] {
      let types = try String(
        contentsOfFile: folder.file("shop/\(library)/\(name).lua"), encoding: .utf8)
      #expect(types.contains("---@"), "\(name)")
    }

    let tested = try await imagine(
      ["--replay", "tests/hello.recording", "tests/hello.lua"], in: "shop",
      ["IMAGINE_SERVER_PROGRAM": "/nowhere", "IMAGINE_TOKEN": "t"])
    #expect(tested.status == 0 && tested.output.hasSuffix("out/sheet.png\nok\n"), "\(tested)")

    // The path of a folder may end with a slash, and LUA_INIT is that of the user's scripts.
    let slash = try await imagine(["init", "second/"], in: "", ["LUA_INIT": "error('no')"])
    #expect(slash.status == 0 && !slash.output.contains("//"), "\(slash)")
    try FileSystem.write("print 'mine'", to: folder.file("own/hello.lua"))
    let own = try await imagine(["init", "own"])
    #expect(own.status == 0 && own.errors.contains("it gets no test"), "\(own)")
    #expect(!folder.files.contains { $0.hasPrefix("own/tests") })

    try FileSystem.write("print 'changed'", to: folder.file("shop/hello.lua"))
    let again = try await imagine(["init"], in: "shop")
    #expect(again.status == 0 && again.output == "", "\(again)")
    #expect(try await imagine(["hello.lua"], in: "shop").output == "changed\n")

    let broken = try await imagine(
      ["init", "other"], in: "", ["IMAGINE_SERVER_PROGRAM": "/nowhere"])
    #expect(broken.status == 1 && broken.errors.contains("no recording was made"), "\(broken)")
  }

  @Test(
    "the program completes commands, fields, values and the names of this home",
    arguments: [
      (["gen"], ["generate"]), (["--bu"], ["--budget"]), (["--provider", "loc"], ["local"]),
      (["--budget", "5", "conv"], ["convert"]), (["generate", "x", "--sty"], ["--style"]),
      (["generate", "x", "--style", "an"], ["anime"]), (["edit", "cr"], ["crop"]),
      (["edit", "crop", "a.png", "--grav"], ["--gravity"]),
      (["edit", "crop", "a.png", "--gravity", ""], ["center", "attention"]),
      (["batch", "a", "--operation", "up"], ["upscale"]),
      (["batch", "a", "--operation", "upscale", "--sca"], ["--scale"]),
      (["runs", "pr"], ["prune"]), (["--provider", "gp"], ["gpu"]),
      (["jobs", "wait", "--tim"], ["--timeout"]), (["spent", "--by", "mo"], ["model"]),
      (["edit", "remove-b"], ["remove-background"]), (["edit", "remove_b"], ["remove-background"]),
      (["generate", "x", "--style=an"], ["--style=anime"]),
      (["plan", "conv"], ["convert"]), (["plan", "--json", "generate", "x", "--sty"], ["--style"]),
      (["edit", "--dir", "x", "crop", "a.png", "--grav"], ["--gravity"]),
      (["help", "fs.re"], ["fs.read", "fs.remove"]), (["generate", "x", "--max-calls", ""], []),
    ])
  func completion(words: [String], expected: [String]) async throws {
    try FileSystem.write(
      """
      [providers.gpu]
      kind = "sdapi"
      base_url = "http://127.0.0.1:1"
      """, to: folder.file("imagine/config.toml"))
    let outcome = try await imagine(["--complete"] + words)
    #expect(outcome.status == 0 && outcome.errors == "")
    let names = outcome.output.split(separator: "\n").filter { $0 != ":files" }
      .map { String($0.prefix { $0 != "\t" }) }
    #expect(names == expected, "\(outcome.output)")
  }

  @Test("the shells' scripts ask the program", arguments: ["bash", "zsh", "fish"])
  func scripts(shell: String) async throws {
    let script = try await imagine(["--generate-completion-script", shell])
    #expect(script.status == 0)
    try FileSystem.write(script.output, to: folder.file("_imagine"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("imagine"), withDestinationPath: Program.imagine.path)
    let tests = [
      "bash": """
      . ./_imagine; compopt() { :; }
      COMP_WORDS=(imagine generate x --style = an) COMP_CWORD=5; _imagine
      [ "${COMPREPLY[*]}" = anime ] || printf '%s\\n' "${COMPREPLY[@]}"
      COMP_WORDS=(imagine generate x --dir = _ima) COMP_CWORD=5; _imagine
      [ "${COMPREPLY[*]}" = _imagine ] || printf '%s\\n' "${COMPREPLY[@]}"
      COMP_WORDS=(imagine generate x --sty) COMP_CWORD=3; _imagine; printf '%s\\n' "${COMPREPLY[@]}"
      COMP_WORDS=(imagine edit crop ./_ima) COMP_CWORD=3; _imagine; printf '%s\\n' "${COMPREPLY[@]}"
      """,
      "fish": """
      source _imagine; for word in (complete -C 'imagine generate x --sty') \\
      (complete -C 'imagine edit crop ./_ima'); echo $word | cut -f 1; end
      """,
      // Its widgets need a terminal.
      "zsh": "zsh -n _imagine && printf '%s\\n' --style ./_imagine",
    ]
    let path = "\(folder.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    let outcome = try await Program(path: "/usr/bin/env").run(
      [shell, "-c", try #require(tests[shell])],
      environment: ["PATH": path, "HOME": folder.path], in: folder.path)
    // Not every machine has every shell.
    if outcome.status == 127 { return }
    #expect(outcome.output == "--style\n./_imagine\n", "\(outcome)")
  }

  @Test("an unknown shell is refused; the manual page has every command and field")
  func manual() async throws {
    let unknown = try await imagine(["--generate-completion-script", "tcsh"])
    #expect(unknown.status == 64 && unknown.errors.contains("bash, zsh, fish"))
    let page = try await imagine(["describe", "--format", "man"]).output
    #expect(page.hasPrefix(".TH IMAGINE 1"))
    for text in [
      #".SS "imagine batch FILE""#, #".SS "imagine runs resume"#, #"\fB\-\-aspect\-ratio\fR"#,
      #".SS "retouch""#, #".SS "crop""#, #"\fB\-\-once\fR"#, #"\fB\-\-since\fR"#,
    ] { #expect(page.contains(text), "\(text)") }
    #expect(!page.split(separator: "\n").contains { $0.hasPrefix("'") })
  }
}
