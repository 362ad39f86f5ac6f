import Foundation
import ImagineTestSupport
import Testing

@Suite("What commands of the shell save has a place of its own, which is checked before the call")
struct VerbPlaceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: folder.file(name)))
  }

  /// Small images, which a script of the program draws.
  private func draw(_ names: String..., with imagine: VerbShell) async throws {
    let list = names.map { "'\($0)'" }.joined(separator: ",")
    try await imagine(
      "-e",
      "for _, name in ipairs{\(list)} do imagine.canvas{ width = 60, height = 40 }:save(name) end")
  }

  @Test("files are named after files and addresses, within the folder")
  func names() async throws {
    try await VerbShell.run(in: folder) { imagine in
      try await draw("#1.png", "a?b.png", "a.png", with: imagine)
      let flipped = try await imagine(
        "edit", "--dir", "o", "flip", "#1.png", "a?b.png", "--direction", "vertical")
      #expect(flipped.output == "o/#1.png\no/a?b.png\n", "\(flipped)")
      try await imagine("convert", "a.png", "-o", "none", "--format", "webp")
      #expect(try bytes("none").starts(with: Array("RIFF".utf8)))
      try await imagine("convert", "none", "-o", "small", "--width", "20")
      #expect(try bytes("small").starts(with: Array("RIFF".utf8)))
      let sheet = try await imagine.sh("\"$0\" sheet a.png -o - > sheet.png")
      #expect(sheet.status == 0 && sheet.errors == "", "\(sheet)")
      #expect(try bytes("sheet.png").suffix(8).prefix(4) == Data("IEND".utf8))
      // Options of the host may precede the operation.
      try await imagine("edit", "upscale", "a.png", "-o", "up.png")
      let id = String(try await imagine("runs").output.prefix { $0 != "\t" })
      let resumed = try await imagine("runs", "resume", id, "--on-uncertain", "retry")
      #expect(resumed.output == "up.png\n", "\(resumed)")
    }
  }

  @Test("a video replaces no file of a folder")
  func videos() async throws {
    try await VerbShell.run(in: folder) { imagine in
      for name in ["waves", "waves-2"] {
        let made = try await imagine(
          "generate", "waves", "--operation", "png", "--operation=video", "--dir", "vd")
        #expect(made.output == "vd/\(name).mp4\n", "\(made)")
      }
      // A run that is resumed saves its video where it is.
      let id = String(try await imagine("runs").output.prefix { $0 != "\t" })
      #expect(try await imagine("runs", "resume", id).output == "vd/waves-2.mp4\n")
      let refused = try await imagine(
        "generate", "waves", "--operation=video", "-o", "vd/waves.mp4", "--overwrite", "false",
        status: 1)
      #expect(refused.errors.contains("'vd/waves.mp4' exists"), "\(refused)")
    }
  }

  @Test("no two rows of a batch have one place, and none is that of an input")
  func rows() async throws {
    let tables: [(rows: String, out: String, message: String)] = [
      (
        #"{"prompt":"a","n":2,"file":"x"} {"prompt":"b","file":"x-1"}"#, "o",
        "'x-1' is that of row 1 too"
      ),
      (#"{"prompt":"a","file":"x.png"} {"prompt":"b","file":"x"}"#, "o", "'x' is that of row 1"),
      (#"{"prompt":"a","file":"./x"}"#, "o", "'./x' is not allowed"),
      (#"{"prompt":"a","file":"."}"#, "o", "'.' is not allowed"),
      (#"{"prompt":"a","file":"x/"}"#, "o", "'x/' is not allowed"),
      (#"{"prompt":"a","file":"x//y"}"#, "o", "'x//y' is not allowed"),
      (#"{"prompt":"a","file":{}}"#, "o", "a table is not allowed"),
      (#"{"prompt":"a","file":true}"#, "o", "a boolean is not allowed"),
      (#"{"prompt":"a","file":"f/x.png"}"#, ".", "cannot write in ./f: ./f is no folder"),
      (#"{"prompt":"a","file":"0002-a"} {"prompt":"a"}"#, "o", "'0002-a' is that of row 1 too"),
      (
        #"{"operation":"upscale","image":"b.png","file":"a.png"} {"operation":"upscale","image":"a.png"}"#,
        "link", "row 1: field 'file': 'a.png' is an input of row 2"
      ),
      (#"{"operation":"upscale","image":"a.png","file":"a"}"#, ".", "'a' is an input of row 1"),
    ]
    try FileSystem.write("no folder", to: folder.file("f"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: ".")
    try FileSystem.write("prompt\na cat\n", to: folder.file("report.csv"))
    try FileSystem.write("image,file\nnone.png,x.png\n", to: folder.file("one.csv"))
    try await VerbShell.run(in: folder) { imagine in
      try await draw("a.png", "b.png", with: imagine)
      for table in tables {
        let isUpscale = table.rows.contains("upscale")
        let rows = table.rows.replacing("} {", with: "}\n{")
          .replacing(#""operation":"upscale","#, with: "")
        try FileSystem.write(rows, to: folder.file("rows.jsonl"))
        let refused = try await imagine(
          "batch", "rows.jsonl", "--out", table.out, "--operation",
          isUpscale ? "upscale" : "generate", status: 1)
        #expect(refused.errors.contains(table.message), "\(table): \(refused.errors)")
      }
      let own = try await imagine("batch", "report.csv", "--out", ".", status: 1)
      #expect(own.errors.contains("'report.csv' would be replaced by the report"), "\(own)")
      #expect(try text("report.csv") == "prompt\na cat\n")

      // A single row that fails is in the report, without a file.
      let failed = try await imagine(
        "batch", "one.csv", "--out", "o", "--operation", "upscale", status: 1)
      #expect(failed.errors.contains("0 of 1 rows done") && !failed.errors.contains("traceback"))
      let report = try text("o/report.csv")
      #expect(report.contains("\nnone.png,,,,,"), "\(report)")
      #expect(try await imagine.charges() == 0)
    }
  }

  @Test("what is printed is checked; paths that are not UTF-8 are printed, and refused as options")
  func output() async throws {
    try await VerbShell.run(in: folder) { imagine in
      try await draw("a.png", with: imagine)
      let full = try await imagine.sh("\"$0\" edit measure a.png > /dev/full")
      #expect(full.status == 1 && full.errors.contains("cannot write to standard output"))
      let path = try await imagine.sh(
        "\"$0\" edit flip a.png --direction vertical --json --dir \"$(printf 'o\\377')\"")
      #expect(path.status == 0 && path.output.contains("o\u{FFFD}/a.png"), "\(path)")
      try FileSystem.write(#"{"prompt":"a cat"}"#, to: folder.file("a.jsonl"))
      let rows = try await imagine.sh(
        "d=$(printf 'o\\377'); \"$0\" batch a.jsonl --out $d && cat $d/report.jsonl")
      #expect(rows.status == 0 && rows.output.contains("o\u{FFFD}/0001-a-cat.png\""), "\(rows)")
      let record = try await imagine.sh(
        "\"$0\" generate x -o x.png --record \"$(printf 'r\\377')\"")
      #expect(record.status == 64 && record.errors.contains("--record is not UTF-8"), "\(record)")
      let late = try await imagine(
        "generate", "-", "--dir", "o", "--rate", "1", "--timeout", "2s", input: "a\nb\n", status: 1)
      #expect(late.errors.contains("imagine: timeout: the run took longer"), "\(late)")

      let made = try await imagine("generate", "x", "-o", "x.png")
      #expect(made.output == "x.png\n")
      let charges = try await imagine.charges()
      let rerun = try await imagine("rerun", "x.png", "-o", "o", "--force", "--yes", status: 1)
      #expect(rerun.errors.contains("cannot write o: it is a folder"), "\(rerun)")
      #expect(try await imagine.charges() == charges)
    }
  }
}
