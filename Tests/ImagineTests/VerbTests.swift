import Foundation
import ImagineTestSupport
import Testing

/// Runs the commands of the shell against the rehearsal server.
@Suite("The commands of the shell are workflows: paths on standard output, all else beside it")
struct VerbTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func withShell(_ body: (VerbShell) async throws -> Void) async throws {
    try await VerbShell.run(in: folder, body)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
  }

  /// The first bytes of a file, which tell its format.
  private func head(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: folder.file(name))).prefix(4))
  }

  private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47]
  private static let riff = Array("RIFF".utf8)
  private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF]

  @Test("batch: killed in its middle and run again, each row is charged once")
  func killedBatch() async throws {
    let rows = (1...6).map { "cat \($0)" }
    try FileSystem.write("prompt\n" + rows.joined(separator: "\n"), to: folder.file("rows.csv"))
    try await withShell { imagine in
      // The fourth call would begin after a minute, so nothing is in flight when it is killed.
      try await imagine(
        "batch", "rows.csv", "--out", "out", "--rate", "3", killAt: "done:3", status: 137)
      #expect(try await imagine.charges() == 3)
      let planned = try await imagine("batch", "rows.csv", "--out", "out", "--dry-run")
      #expect(planned.output.contains("calls\t3\t3 tokens\n"), "\(planned)")
      let resumed = try await imagine("batch", "rows.csv", "--out", "out", "--json")
      #expect(resumed.errors.contains("3 of 6 answers are kept"), "\(resumed.errors)")
      #expect(try await imagine.charges() == 6)
      let lines = resumed.output.split(separator: "\n")
      #expect(lines.count == 6 && lines[1].contains(#""path":"out/0002-cat-2.png""#), "\(lines)")

      // A finished run is resumed for what is new.
      let handle = try FileHandle(forWritingTo: URL(filePath: folder.file("rows.csv")))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("\ndog\n".utf8))
      let longer = try await imagine("batch", "rows.csv", "--out", "out")
      #expect(longer.errors.contains("taking up the finished run"), "\(longer.errors)")
      #expect(try await imagine.charges() == 7)
      #expect(longer.output.hasSuffix("out/0006-cat-6.png\nout/0007-dog.png\n"))
      let report = try text("out/report.csv").split(separator: "\n")
      #expect(report.count == 8 && report[0] == "prompt,file,seed,cost,unit,error")
      #expect(report[7].hasPrefix("dog,out/0007-dog.png,"))

      // In another folder the same words are other work.
      let runs = try await imagine("runs").output
      #expect(
        runs.contains("\tfinished\t") && runs.contains("7/7\t7 tokens\timagine batch rows.csv"))
      let id = String(runs.prefix { $0 != "\t" })
      #expect(try await imagine("runs", "resume", id).output == longer.output)
      #expect(try await imagine.charges() == 7)
    }
  }

  @Test("batch: rows of each form, with files of their own; failures are told and retried")
  func batchForms() async throws {
    try FileSystem.write("a hut\n\n  \na mill\n", to: folder.file("a.txt"))
    try FileSystem.write(
      """
      {"prompt": "a fox", "n": 2, "file": "foxes/fox.webp"}
      {"prompt": "an owl", "style": "anime"}
      """, to: folder.file("b.jsonl"))
    try FileSystem.write("image\nout/0001-a-hut.png\nnone.png\n", to: folder.file("c.csv"))
    try FileSystem.write("prompt,stile\na,anime\n", to: folder.file("d.csv"))
    try FileSystem.write("prompt,file\na,x.png\nb,x.png\n", to: folder.file("e.csv"))
    try FileSystem.write("prompt,file\na,a/../../x.png\n", to: folder.file("f.csv"))
    try FileSystem.write("prompt,file\na,/x.png\n", to: folder.file("g.csv"))
    try await withShell { imagine in
      let texts = try await imagine("batch", "a.txt", "--out", "out")
      #expect(texts.output == "out/0001-a-hut.png\nout/0002-a-mill.png\n")
      #expect(texts.errors.contains("2 of 2 rows done; out/report.csv has the report"))
      let objects = try await imagine("batch", "b.jsonl", "--out", "more", "--style", "realistic")
      #expect(
        objects.output == "more/foxes/fox-1.webp\nmore/foxes/fox-2.webp\nmore/0002-an-owl.png\n")
      #expect(try head("more/foxes/fox-2.webp") == Self.riff)
      let report = try text("more/report.jsonl").split(separator: "\n")
      #expect(report.count == 3 && report[2].contains(#""style":"anime""#), "\(report)")

      let upscaled = try await imagine(
        "batch", "c.csv", "--out", "large", "--operation", "upscale", status: 1)
      #expect(upscaled.output == "large/0001-0001-a-hut.png\n")
      #expect(upscaled.errors.contains("imagine: row 2: cannot read none.png"), "\(upscaled)")
      let charges = try await imagine.charges()
      try FileManager.default.copyItem(
        atPath: folder.file("out/0002-a-mill.png"), toPath: folder.file("none.png"))
      try await imagine("batch", "c.csv", "--out", "large", "--operation", "upscale")
      #expect(try await imagine.charges() == charges + 1)

      for (file, message) in [
        ("d.csv", "row 1: generate: unknown field 'stile'; did you mean 'style'?"),
        ("e.csv", "row 2: field 'file': 'x.png' is that of row 1 too"),
        ("f.csv", "row 1: field 'file': 'a/../../x.png' leaves the folder"),
        ("g.csv", "row 1: field 'file': '/x.png' leaves the folder"),
      ] {
        let refused = try await imagine("batch", file, "--out", "none", status: 1)
        #expect(refused.errors.contains(message), "\(refused.errors)")
      }
      #expect(try await imagine.charges() == charges + 1)
    }
  }

  @Test("generate: prompts from standard input, the image to standard output, all in its order")
  func generate() async throws {
    try await withShell { imagine in
      let one = try await imagine(
        "generate", "a cat", "-o", "cat.webp", "--style=anime", "--seed", "7")
      #expect(one.output == "cat.webp\n" && one.errors.contains("provider imagine"))
      #expect(try head("cat.webp") == Self.riff)
      let lines = try await imagine(
        "--quiet", "generate", "-", "--dir", "out", "--format", "jpg", "--aspect_ratio", "16:9",
        input: "a dog\n\na bee\na dog\n")
      #expect(
        lines.output == "out/a-dog.jpg\nout/a-bee.jpg\nout/a-dog-2.jpg\n" && lines.errors == "")
      // No file of the folder is replaced.
      let more = try await imagine(
        "generate", "a dog", "--dir", "out", "--n", "2", "--format", "jpg")
      #expect(more.output == "out/a-dog-1.jpg\nout/a-dog-2-2.jpg\n")
      let script = "\(Program.imagine.path) --quiet generate 'a cat' -o - > stdout.png"
      let piped = try await imagine.sh(script)
      #expect(piped.status == 0 && piped.output == "" && piped.errors == "", "\(piped)")
      #expect(try head("stdout.png") == Self.png)
      let object = try await imagine("generate", "a cat", "-o", "b.png", "--json")
      let json = try JSONSerialization.jsonObject(with: Data(object.output.utf8)) as? [String: Any]
      #expect(json?["path"] as? String == "b.png" && json?["cost"] as? Int == 1, "\(object)")
    }
  }

  @Test("a wrong command line says what is wrong, before anything is sent")
  func wrongLines() async throws {
    let lines: [(words: [String], status: Int32, message: String)] = [
      (["generate"], 64, "PROMPT is missing"),
      (["generate", "a", "cat", "-o", "a.png"], 64, "unexpected word 'cat' after PROMPT"),
      (["generate", "a"], 64, "give either -o FILE or --dir FOLDER"),
      (["generate", "a", "-o", "a.png", "--dir", "x"], 64, "give either -o FILE or --dir FOLDER"),
      (["generate", "a", "-o", "a.png", "--styel", "x"], 64, "'--styel'; did you mean '--style'?"),
      (["generate", "a", "-o", "a.png", "--seed"], 64, "--seed needs a value"),
      (["generate", "a", "-o", "a.png", "--max-calls", "x"], 64, "'x' is not a number of calls"),
      (["generate", "a", "-o", "a.png", "--quiet=1"], 64, "--quiet takes no value"),
      (
        ["generate", "a", "-o", "a.png", "--overwrite", "no"], 64,
        "field '--overwrite': \"no\" is not"
      ),
      (["generate", "a", "-o", "a.png", "--min-quality", "9"], 64, "min_quality needs max_bytes"),
      (["generate", "a", "-o", "a.png", "--operation", "pgn"], 64, "did you mean 'png'?"),
      (["generate", "a", "-o", "a.gif"], 1, "'a.gif' has the extension 'gif'"),
      (["generate", "a", "-o", "a.png", "--format", "jpg"], 1, "'png', but --format is jpg"),
      (["generate", "a", "-o=a.png"], 64, "the value of -o follows a space"),
      (["generate", "a", "--dir", "x", "--n", "1.5"], 1, "field 'n': "),
      (["generate", "a", "--dir", "x", "--n", "1e300"], 1, "field 'n': "),
      (["generate", "a", "-o", "d"], 1, "cannot write d: it is a folder"),
      (["generate", "a", "-o", "f/a.png"], 1, "cannot write in f: f is no folder"),
      (["generate", "a", "--dir", "f"], 1, "cannot write in f: f is no folder"),
      (["generate", "a", "-o", "f.png", "--overwrite", "false"], 1, "'f.png' exists"),
      (["batch", "f", "--out", "f/x", "--type", "txt"], 1, "cannot write in f/x: f is no folder"),
      (
        ["generate", "a", "-o", "a.mp4", "--operation=video", "--quality", "80"], 64,
        "unknown option '--quality'"
      ),
      (
        ["batch", "f", "--out", "x", "--operation", "video", "--format", "png"], 64,
        "unknown option '--format'"
      ),
      (["edit", "measure", "f.png", "--format", "jpg"], 64, "unknown option '--format'"),
      (["edit", "--dir", "x", "corp", "a.png"], 64, "did you mean 'crop'?"),
      (["edit", "flip", "-", "-", "--dir", "x"], 64, "standard input, -, can be read once"),
      (["generate", "a", "-o", "a.png", "--n", "2"], 1, "--dir takes a folder"),
      (["generate", "a", "-o", "a.png", "--style", "anme"], 1, "did you mean 'anime'?"),
      (["generate", "a", "-o", "a.png", "--steps", "4"], 1, "takes no 'steps'; providers of the"),
      (["generate", "a", "-o", "a.png", "--budget", "0"], 1, "[budget]"),
      (["edit", "corp", "a.png", "-o", "b.png"], 64, "did you mean 'crop'?"),
      (["edit", "crop", "a.png"], 64, "give either -o FILE or --dir FOLDER"),
      (["edit", "measure", "a.png", "-o", "b.png"], 64, "measure prints numbers"),
      (["edit", "mask", "a.png", "-o", "b.png"], 64, "the first word is an operation"),
      (["edit", "pad", "a.png", "-o", "b.png", "--margin", "{"], 64, "--margin"),
      (["convert", "a.png", "-o", "b.png"], 1, "cannot read a.png"),
      (["sheet", "a.png", "-o", "b.png", "--cell", "3"], 1, "cannot read a.png"),
      (["batch", "a.xls", "--out", "x"], 1, "cannot read a.xls"),
      (["batch", "a.csv"], 64, "--out FOLDER is missing"),
      (["batch", "a.csv", "-o", "x", "--type", "xls"], 64, "expected one of: txt, csv"),
    ]
    for file in ["f", "f.png", "d/x"] { try FileSystem.write("a cat\n", to: folder.file(file)) }
    try await withShell { imagine in
      for line in lines {
        let outcome = try await imagine.start(line.words).outcome()
        #expect(
          outcome.status == line.status && outcome.errors.contains(line.message)
            && outcome.output.isEmpty && !outcome.errors.contains("traceback"),
          "\(line.words): \(outcome)")
      }
      #expect(try await imagine.charges() == 0)
    }
  }

  @Test("edit, convert and sheet take fields as options, many images, and standard input")
  func pictures() async throws {
    try FileSystem.write(
      """
      for _, name in ipairs{ "a", "b" } do
        imagine.canvas{ width = 60, height = 40, background = "navy" }:save(name .. ".png")
      end
      imagine.canvas{ width = 60, height = 40, background = "white" }:save("mask.png")
      """, to: folder.file("make.lua"))
    try await withShell { imagine in
      try await imagine("make.lua")
      let edits = try await imagine(
        "edit", "pad", "a.png", "b.png", "--dir", "out", "--margin", #"{"left": 20}"#,
        "--background=red")
      #expect(edits.output == "out/a.png\nout/b.png\n" && edits.errors == "", "\(edits)")
      let size = try await imagine(
        "-e", "local i = imagine.open 'out/b.png' print(i.width, i.height)")
      #expect(size.output == "80\t40\n")
      // The same work again gives the same file.
      let again = try await imagine(
        "edit", "pad", "a.png", "--dir", "out", "--margin", #"{"left": 20}"#, "--background=red")
      #expect(again.output == "out/a.png\n")
      let numbers = try await imagine("edit", "difference", "a.png", "--image", "mask.png")
      #expect(numbers.output.hasPrefix("a.png\t"), "\(numbers)")
      try await imagine(
        "edit", "fill", "a.png", "-o", "filled.png", "--mask", "mask.png", "--prompt", "a boat")
      #expect(try head("filled.png") == Self.png)
      #expect(try await imagine.charges() == 1)

      let small = try await imagine(
        "convert", "a.png", "out/a.png", "--dir", "small", "--format", "jpg", "--width", "30")
      #expect(small.output == "small/a.jpg\nsmall/a-2.jpg\n", "\(small)")
      #expect(try head("small/a-2.jpg").starts(with: Self.jpeg))
      let sheet = try await imagine(
        "sheet", "-", "-o", "sheet.png", "--labels", "one", "--labels", "two", "--columns", "2",
        "--cell", "64", input: small.output)
      #expect(sheet.output == "sheet.png\n")
      let mended = try await Program(path: "/bin/sh").run(
        [
          "-c",
          """
          "$0" convert - -o - --format webp --width 20 < a.png | \
          "$0" edit rotate - -o turned.png --degrees 90
          """, Program.imagine.path,
        ], environment: ["IMAGINE_HOME": folder.file("home")], in: folder.path)
      #expect(mended.output == "turned.png\n" && mended.errors == "", "\(mended)")
    }
  }

  @Test("a recorded command runs again without a service; plan and the budget know it")
  func runOptions() async throws {
    try await withShell { imagine in
      let plan = try await imagine("plan", "generate", "a cat", "-o", "cat.png", "--json")
      #expect(plan.output.contains(#""cat.png""#) && plan.output.contains(#""calls" : 1"#))
      // Options may precede the command; after `--` there are none.
      let words = ["generate", "-o", "cat.png", "--", "--operation=video"]
      for first in [["plan", "--budget", "5"], ["--budget", "5", "plan"], ["plan", "--json"]] {
        let outcome = try await imagine.start(first + words).outcome()
        #expect(outcome.status == 0 && outcome.output.contains("cat.png"), "\(outcome)")
      }
      #expect(try await imagine("plan", "generate", "-h", "--operation", "x").status == 0)
      try await imagine("generate", "a cat", "-o", "cat.png", "--record", "cat.recording")
      #expect(try await imagine.charges() == 1)
      let replayed = try await Program.imagine.run(
        ["--replay", "cat.recording", "generate", "a cat", "-o", "again.png"],
        environment: ["IMAGINE_HOME": folder.file("other")], in: folder.path)
      #expect(replayed.status == 0 && replayed.output == "again.png\n", "\(replayed)")

      let spent = try await imagine("spent", "--by", "operation", "--since", "1d")
      #expect(spent.output == "generate\t1\t1 tokens\n", "\(spent)")
      #expect(try await imagine("spent").output.hasSuffix("\t-\t1 tokens\n"))
      let json = try await imagine("spent", "--by", "script", "--json").output
      #expect(json.contains(#""name" : "imagine generate""#) && json.contains(#""tokens" : 1"#))
      for since in ["x", "2026-02-31", "2026-07-25junk", "0x10d", "-1d"] {
        #expect(try await imagine("spent", "--since=\(since)", status: 64).output == "")
      }

      let changed = try await imagine(
        "rerun", "cat.png", "-o", "night.png", "--set", "prompt=a cat at night", "--set", "seed=",
        "--yes")
      #expect(changed.output == "night.png\n" && changed.errors.contains("a cat at night"))
      let shown = try await imagine("show", "night.png", "--json").output
      #expect(shown.contains("a cat at night"))
      let wrong = try await imagine(
        "rerun", "cat.png", "-o", "x.png", "--set", "stile=anime", "--yes", status: 1)
      #expect(wrong.errors.contains("unknown field 'stile'; did you mean 'style'?"), "\(wrong)")
      let poor = try await imagine(
        "rerun", "cat.png", "-o", "x.png", "--budget", "0", "--yes", status: 1)
      #expect(poor.errors.contains("[budget]"), "\(poor)")
      #expect(try await imagine.charges() == 2)
    }
  }

  @Test("--once does nothing where the script has finished, until its run is deleted")
  func once() async throws {
    try FileSystem.write(
      "print(imagine.generate(arg[1]).seed > 0) if arg[2] then error('no', 0) end",
      to: folder.file("a.lua"))
    try FileSystem.write("print('no call')", to: folder.file("b.lua"))
    try await withShell { imagine in
      #expect(try await imagine("--once", "a.lua", "a cat").output == "true\n")
      let second = try await imagine("--once", "a.lua", "a cat")
      #expect(second.output == "" && second.errors.contains("done before: run "), "\(second)")
      #expect(try await imagine("--once", "--quiet", "a.lua", "a cat").errors == "")
      #expect(try await imagine.charges() == 1)
      // Other arguments are other work; what failed is resumed.
      try await imagine("--once", "a.lua", "a dog", "fail", status: 1)
      try await imagine("--once", "a.lua", "a dog", "fail", status: 1)
      #expect(try await imagine.charges() == 2)
      // A script without calls counts too.
      #expect(try await imagine("--once", "b.lua").output == "no call\n")
      #expect(try await imagine("--once", "b.lua").output == "")

      // Pruning leaves what has run once.
      try FileSystem.write("[runs]\nkeep_days = 0\n", to: folder.file("imagine/config.toml"))
      try await imagine("runs", "prune")
      #expect(try await imagine("--once", "a.lua", "a cat").output == "")
      let runs = try await imagine("runs").output.split(separator: "\n")
      let cat = try #require(runs.first { $0.hasSuffix("a.lua a cat") })
      try await imagine("runs", "delete", String(cat.prefix { $0 != "\t" }))
      #expect(try await imagine("--once", "a.lua", "a cat").output == "true\n")
      #expect(try await imagine.charges() == 3)
      // So it is after it was resumed.
      let again = try await imagine("runs").output.split(separator: "\n")
      let last = try #require(again.first { $0.hasSuffix("a.lua a cat") })
      try await imagine("runs", "resume", String(last.prefix { $0 != "\t" }))
      try await imagine("runs", "prune")
      #expect(try await imagine("--once", "a.lua", "a cat").output == "")
      #expect(try await imagine.charges() == 3)
    }
  }
}
