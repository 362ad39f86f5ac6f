import Foundation
import ImagineTestSupport
import Testing

@Suite("The example workflows do what they say, in less than 40 lines")
struct ExampleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs an example at the rehearsal server.
  private func run(
    _ example: String, _ arguments: [String], first prepare: String = "", input: String? = nil,
    times: Int = 1
  ) async throws -> Program.Outcome {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../scripts/examples/\(example).lua").path
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count < 40)
    var outcome: Program.Outcome?
    try await TrialService.run(prepare, over: .tcp, in: folder) { service in
      let environment = service.environment.merging([
        "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "t",
      ]) { $1 }
      if !prepare.isEmpty {
        let prepared = try await Program.imagine.run(
          ["script.lua"], environment: environment, in: folder.path)
        #expect(prepared.status == 0, "\(prepared)")
      }
      for _ in 1...times {
        outcome = try await Program.imagine.run(
          [path] + arguments, environment: environment, input: input, in: folder.path)
      }
    }
    return try #require(outcome)
  }

  @Test("watermark: photos get a sky, a logo and a name")
  func watermark() async throws {
    let outcome = try await run(
      "watermark", ["photos", "logo.png"],
      first: """
        for _, name in ipairs{ "a.jpg", "b.jpg" } do
          imagine.canvas{ width = 300, height = 200, background = "navy" }:save("photos/" .. name)
        end
        imagine.canvas{ width = 40, height = 40, background = "red" }:save("logo.png")
        """)
    #expect(outcome.output == "marked/a.jpg\nmarked/b.jpg\n", "\(outcome)")
    let facts = try FileManager.default.attributesOfItem(atPath: folder.file("marked/a.jpg"))
    #expect((facts[.size] as? Int ?? 0) > 1000 && (facts[.size] as? Int ?? 0) <= 400_000)
  }

  @Test("seed-sheet: all seeds are on a sheet, and the sharpest is saved")
  func seedSheet() async throws {
    let outcome = try await run("seed-sheet", ["a lighthouse at dusk", "3"])
    #expect(outcome.output == "seeds.png\tbest.jpg\n", "\(outcome)")
    #expect(folder.files.contains("seeds.png") && folder.files.contains("best.jpg"))
  }

  @Test("catalogue: every row of the table has a card, and all are on a page")
  func catalogue() async throws {
    try FileSystem.write(
      "name,price,prompt\r\nRed bottle,\"€ 12,50\",a red bottle\r\nBlue cup,$ 8.00,\r\n",
      to: folder.file("products.csv"))
    let outcome = try await run("catalogue", ["products.csv"])
    #expect(
      outcome.output
        == "catalogue/01-red-bottle.jpg\ncatalogue/02-blue-cup.jpg\ncatalogue/all.jpg\n",
      "\(outcome)")
    #expect(outcome.errors.contains("2 of 2 cards"))
    #expect(folder.files.contains("catalogue/all.jpg"))
  }

  @Test("xyz: styles, subjects and seeds are on sheets, and in a table")
  func xyz() async throws {
    let outcome = try await run("xyz", ["a cat on a sofa", "cat", "cat,red fox"])
    #expect(outcome.output == "xyz-1.png\nxyz-2.png\nxyz.csv\n", "\(outcome)")
    let table = try String(contentsOfFile: folder.file("xyz.csv"), encoding: .utf8)
    #expect(table.contains("anime,red fox,8,a red fox on a sofa,anime,8"), "\(table)")
  }

  @Test("wildcards: as many prompts as asked for, each with its image")
  func wildcards() async throws {
    try FileSystem.write("cat\ndog\n", to: folder.file("wildcards/animal.txt"))
    let outcome = try await run("wildcards", ["a {small|huge} __animal__", "3"])
    #expect(outcome.output.split(separator: "\n").count == 3, "\(outcome)")
    #expect(outcome.errors.contains("4 prompts are possible"))
    #expect(folder.files.filter { $0.hasPrefix("wild/") }.count == 4, "\(folder.files)")
  }

  @Test("watch-folder: a photo is cut out and moved, and one that fails stays")
  func watchFolder() async throws {
    try FileSystem.write("no image", to: folder.file("inbox/bad.png"))
    let outcome = try await run(
      "watch-folder", ["inbox", "outbox", "1.5"],
      first: """
        imagine.canvas{ width = 300, height = 200, background = "navy" }:save("inbox/a.jpg")
        """)
    #expect(outcome.output == "outbox/a.png\n", "\(outcome)")
    #expect(outcome.errors.contains("not cut out"))
    let files = folder.files.filter { $0.contains("box/") }
    #expect(files == ["inbox/bad.png", "outbox/a.png", "outbox/originals/a.jpg"])
  }

  @Test("fallback-chain: the paid provider is asked when the own server is off")
  func fallbackChain() async throws {
    try FileSystem.write(
      """
      [providers.gpu]
      kind = "sdapi"
      base_url = "http://127.0.0.1:1"
      """, to: folder.file("imagine/config.toml"))
    let outcome = try await run("fallback-chain", ["a red bicycle", "gpu", "imagine", "local"])
    #expect(outcome.output == "a-red-bicycle.png\tby imagine\n", "\(outcome)")
    #expect(outcome.errors.contains("asking imagine"), "\(outcome)")
  }

  @Test("lines: prompts from standard input become paths on standard output, in their order")
  func lines() async throws {
    let outcome = try await run("lines", ["out"], input: "a red boat\n\n  a blue boat\nlast")
    #expect(
      outcome.output == "out/001-a-red-boat.png\nout/002-a-blue-boat.png\nout/003-last.png\n",
      "\(outcome)")
    #expect(outcome.status == 0)
  }

  @Test("daily: a day is made once, and its picture has its date")
  func daily() async throws {
    let outcome = try await run("daily", ["2026-11-28"], times: 2)
    #expect(outcome.output == "days/2026-11-28.jpg\n", "\(outcome)")
    let index = try String(contentsOfFile: folder.file("days/index.txt"), encoding: .utf8)
    #expect(index.hasPrefix("2026-11-28\ta ") && index.split(separator: "\n").count == 1)
  }

  @Test("social-video: scenes become a captioned film with a sound, and a cover")
  func socialVideo() async throws {
    let outcome = try await run(
      "social-video", ["scenes.txt", "sound.wav"],
      first: """
        local fs = require "fs"
        fs.write("scenes.txt", "waves at dusk | The sea\\na forest in fog | The wood\\n")
        fs.write("sound.wav", string.pack("<c4I4c4c4I4I2I2I4I4I2I2c4I4", "RIFF", 1636, "WAVE", "fmt ", 16, 1,
          1, 8000, 16000, 2, 16, "data", 1600) .. ("\\0\\1"):rep(800))
        """)
    #expect(outcome.output == "social.mp4\t360x640\t3.5 s\n", "\(outcome)")
    #expect(folder.files.contains("social.mp4") && folder.files.contains("cover.jpg"))
  }
}
