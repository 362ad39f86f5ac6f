import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

/// `Version1` has a home, a recording and images written by an older version.
@Suite("A call that an older version paid for is not paid for again")
struct Version1Tests {
  let folder: TemporaryFolder
  private var home: String { folder.file("home") }

  private static let data = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Version1")

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Self.data.appending(path: "home").path, toPath: folder.file("home"))
  }

  /// Runs `body` with a host on the old home, and checks that the service gets no request.
  private func withHost(
    _ script: String, resuming resumption: RunJournal.Resumption = .lastUnfinished,
    replaying recording: String? = nil,
    _ body: (ScriptHost) async throws -> Void
  ) async throws {
    let service = try await StubServer { _ in .json(500, "{}") }
    var configuration = ScriptHost.Configuration(
      service: .environment(serverProgram: "/nonexistent"),
      environment: [
        "IMAGINE_BASE_URL": "\(service.address)/v2", "IMAGINE_TOKEN": "abc",
        "XDG_CONFIG_HOME": folder.path,
      ])
    configuration.home = home
    configuration.replay = recording
    configuration.run.resumption = resumption
    configuration.run.script = Script(path: "/workflows/\(script).lua", folder: "/workflows")
    let host = ScriptHost(configuration)
    try await body(host)
    host.close()
    #expect(service.requests.isEmpty)
    await service.close()
  }

  @Test("a killed run resumes with its answers, and its open call is uncertain")
  func killed() async throws {
    try await withHost("killed") { host in
      let results = try await host.run(
        """
        local moods = { "rainy", "golden hour", "neon" }
        local answers = {}
        for i = 1, 4 do
          local prompt = "shop window, " .. moods[math.random(#moods)] .. " " .. i
          local ok, fault = pcall(imagine.generate, { prompt = prompt, style = "anime" })
          answers[i] = ok and "answered" or fault.kind .. " " .. fault.charged
        end
        return table.concat(answers, ", "), imagine.spent().tokens
        """, reading: { $1 })
      #expect(
        results == [.string("answered, answered, answered, uncertain unknown"), .integer(20)])
      #expect(try host.run(id: "hewwe9ur").spent == ["tokens": 20])
    }
  }

  @Test("a run that failed after a video was accepted resumes with its job")
  func accepted() async throws {
    try await withHost("job") { host in
      let results = try await host.run(
        #"return imagine.video{ prompt = "waves at dusk", aspect_ratio = "16:9" }.id"#,
        reading: String.self)
      #expect(results == "1417b9bc-cc08-4ffe-bcb0-f18a664d8681")
      #expect(try host.submittedJobs().map(\.provider) == ["imagine"])
    }
  }

  @Test("a finished run is resumed by its id, with images, edits and lists")
  func finished() async throws {
    try await withHost("finished", resuming: .run("d7dp")) { host in
      let results = try await host.run(
        """
        local a = imagine.generate{ prompt = "a red boat", style = "realistic", seed = 7 }
        local cups = imagine.generate{
          prompt = "two cups", style = "imagine-turbo", seed = 1, n = 2 }
        return a:upscale().width, #cups, imagine.spent().tokens
        """, reading: { $1 })
      #expect(results.last == .integer(7), "\(results)")
    }
  }

  @Test("a recording of an older version replays, including conversions")
  func recording() async throws {
    let path = Self.data.appending(path: "two.recording").path
    try await withHost("rec", resuming: .none, replaying: path) { host in
      try await host.run(
        """
        local lamp = imagine.generate{ prompt = "a lamp", seed = 3, style = "anime" }
        for i, m in ipairs{ lamp, imagine.png{ prompt = "a cat", seed = 4 } } do
          m:save("\(folder.file("rec-"))" .. i .. ".webp")
        end
        """)
    }
    #expect(folder.files.contains("rec-2.webp"))
  }

  @Test(
    "an image of an older version has its request, which can be run again",
    arguments: ["boat.png", "boat.jpg", "boat.webp", "boat-2x.png"])
  func images(name: String) async throws {
    try await withHost("none", resuming: .none) { host in
      let image = Self.data.appending(path: "images/\(name)").path
      let metadata = try #require(try host.provenance(ofImage: FilePath(image)).metadata)
      #expect(metadata.run == "d7dpeu6z" && metadata.provider == "imagine")
      #expect(try host.rerunRequest(for: metadata).request == metadata.request)
    }
  }
}
