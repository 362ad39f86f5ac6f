import Foundation
import ImagineTestSupport
import Testing

@Suite("The example workflows do what they say, in less than 40 lines")
struct ExampleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs an example at the rehearsal server.
  private func run(
    _ example: String, _ arguments: [String], first prepare: String = ""
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
      outcome = try await Program.imagine.run(
        [path] + arguments, environment: environment, in: folder.path)
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
