import Foundation
import ImagineTestSupport
import Testing

@Suite("Commands report output that they cannot write")
struct CommandOutputTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs a shell command, in which `imagine` is the program.
  private func shell(_ line: String, _ environment: [String: String] = [:]) async throws
    -> Program.Outcome
  {
    var variables = environment
    variables["IMAGINE_HOME"] = variables["IMAGINE_HOME"] ?? folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    return try await Program(path: "/bin/bash").run(
      ["-c", "imagine() { \"\(Program.imagine.path)\" \"$@\"; }; \(line)"], environment: variables,
      in: folder.path)
  }

  @Test(
    "output that cannot be written is an error",
    arguments: [
      "runs --json", "jobs --json", "cache", "doctor", "--help", "-h", "--version", "runs --help",
      "help jobs", "help", "help generate", "describe", "plan -e 'print(1)'", "show p.png",
    ])
  func fullDisk(command: String) async throws {
    try Data(TinyImage.png).write(to: URL(filePath: folder.file("p.png")))
    let outcome = try await shell("imagine \(command) > /dev/full")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.errors.contains("cannot write to standard output: No space left"))
  }

  @Test("output to a closed pipe prints no error")
  func closedPipe() async throws {
    let outcome = try await shell("(trap '' PIPE; imagine --help; echo $? >&2) | true")
    #expect(!outcome.errors.contains("cannot write"), "\(outcome.errors)")
  }

  @Test("help, version and options are accepted before a command")
  func words() async throws {
    for line in ["-h", "--help", "help", "plan -h"] {
      let outcome = try await shell("imagine \(line)")
      #expect(outcome.status == 0 && outcome.output.hasPrefix("usage: imagine"), "\(outcome)")
    }
    #expect(try await shell("imagine help runs").output.contains("imagine runs"))
    #expect(try await shell("imagine --version").output.hasPrefix("imagine "))
    let doctor = try await shell("imagine --provider llmvin doctor --json")
    #expect(doctor.output.contains("llmvin"), "\(doctor)")
    let script = try await shell("echo 'print(arg[0])' > doctor; imagine --verbose doctor")
    #expect(script.output == "doctor\n")
  }

  @Test("plan accepts --json after the script, as in the README")
  func plan() async throws {
    let outcome = try await shell(
      "echo 'imagine.generate(\"a cat\")' > s.lua; imagine plan s.lua --json")
    #expect(outcome.output.hasPrefix("{"), "\(outcome)")
    #expect(outcome.output.contains("\"answered_by_cache\""))
  }

  @Test("JSON listings use snake_case names and ISO 8601 times")
  func json() async throws {
    _ = try await shell("imagine --provider local -e 'pcall(imagine.generate, \"a cat\")'")
    let outcome = try await shell("imagine runs --json")
    #expect(outcome.output.contains("\"started_at\" : \"20"), "\(outcome.output)")
    #expect(outcome.output.range(of: "\"[a-z]+[A-Z]", options: .regularExpression) == nil)
  }

  @Test("without HOME, the data is in the home of the user's passwd entry")
  func home() async throws {
    let outcome = try await shell(
      "unset IMAGINE_HOME XDG_DATA_HOME; HOME= XDG_DATA_HOME=relative imagine doctor --json")
    #expect(!outcome.output.contains(folder.path + "/.local"), "\(outcome.output)")
    let entry = NSHomeDirectoryForUser(NSUserName()) ?? "/root"
    #expect(outcome.output.contains("\(entry)/.local/share/imagine"), "\(outcome.output)")
  }

  @Test("pipes and devices can be read and written")
  func pipes() async throws {
    try Data(TinyImage.png).write(to: URL(filePath: folder.file("p.png")))
    let shown = try await shell("imagine show <(cat p.png)")
    #expect(shown.output.contains("png, 2x1"), "\(shown)")
    let read = try await shell(
      "printf 'a,b\\n1,2\\n' | imagine -e 'print(#require\"csv\".read(\"/dev/stdin\"))'")
    #expect(read.output == "1\n", "\(read)")
    let copied = try await shell(
      "imagine -e 'imagine.open(\"/dev/stdin\"):save(\"/dev/stdout\")' < p.png | cmp - p.png && echo same"
    )
    #expect(copied.output == "same\n", "\(copied)")
    let named = try await shell(
      "mkfifo f; cat p.png > f & imagine -e 'print(#require\"fs\".read(\"f\"))'; wait")
    #expect(named.output == "\(TinyImage.png.count)\n", "\(named)")
  }

  @Test("file names that are not UTF-8 keep their bytes everywhere")
  func names() async throws {
    try Data(TinyImage.png).write(to: URL(filePath: folder.file("p.png")))
    let outcome = try await shell(
      """
      cp p.png $'b\\xe9.png'; mkdir $'d\\xff'
      imagine -e '
        local fs = require "fs"
        for _, name in ipairs(fs.list(".")) do
          if name:find("b\\xe9", 1, true) then
            local image = imagine.open(name)
            print(fs.info(name).size == #fs.read(name), image.width)
            print(image:save("d\\xff/c\\xe9.png") == "d\\xff/c\\xe9.png")
          end
        end'
      cmp p.png $'d\\xff/c\\xe9.png' && imagine show $'d\\xff/c\\xe9.png'
      """)
    #expect(outcome.output.hasPrefix("true\t2\ntrue\n"), "\(outcome)")
    #expect(outcome.output.contains("png, 2x1"), "\(outcome)")
  }

  @Test("endless input is refused, and the memory limit includes what a script reads")
  func endless() async throws {
    let opened = try await shell("imagine -e 'print(pcall(imagine.open, \"/dev/zero\"))'")
    #expect(opened.output.contains("larger than 128 MiB"), "\(opened)")
    let read = try await shell("imagine -e 'print(pcall(require\"fs\".read, \"/dev/zero\"))'")
    #expect(read.output.contains("larger than 256 MiB"), "\(read)")
    let limited = try await shell(
      """
      truncate -s 200M large; printf '[' > list.json; head -c 20000000 /dev/zero | tr '\\0' '[' >> list.json
      for call in 'fs.read("large")' 'fs.read("/dev/zero")' 'csv.read("large")' \\
        'json.decode("[" .. ("1,"):rep(4000000) .. "1]")'
      do
        imagine --memory 64M -e "
          local fs, csv, json = require 'fs', require 'csv', require 'json'
          print(select(2, pcall(function() return $call end)))"
      done
      """)
    #expect(
      limited.output == String(repeating: "not enough memory\n", count: 4), "\(limited)")
  }
}
