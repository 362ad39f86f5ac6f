import Foundation
import ImagineTestSupport
import Testing

/// Checks the functions and fields that scripts can use.
@Suite("A script can use every documented function and field")
struct SurfaceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(_ script: String) async throws -> Program.Outcome {
    try await Program.imagine.run(
      ["-"],
      environment: ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path],
      input: script, in: folder.path)
  }

  @Test("the editor types describe exactly the functions that exist")
  func functions() async throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../stdlib/types/imagine.lua")
    let described = Set(
      try String(contentsOf: file, encoding: .utf8)
        .matches(of: /function (imagine|client|task)\.(\w+)\(/)
        .map { "\($0.1 == "client" ? "imagine" : $0.1).\($0.2)" })
    let outcome = try await run(
      """
      for name in pairs(imagine) do print("imagine." .. name) end
      for name in pairs(task) do print("task." .. name) end
      """)
    #expect(Set(outcome.output.split(separator: "\n").map(String.init)) == described)
  }

  @Test("an Image has its request's fields, and gives its bytes, other formats and files")
  func image() async throws {
    let outcome = try await run(
      """
      local cat = imagine.generate{
        prompt = "a cat", style = "realistic", aspect_ratio = "16:9", seed = 7 }
      print(cat.width, cat.height, cat.format, #cat.sha256, cat.seed, cat.style, cat.prompt)
      print(cat.cost, cat.cost_unit, cat.provider)
      print(#cat:data() > 1000, cat:data():sub(2, 4), imagine.decode(cat:data()) == cat)
      local small = cat:convert{ width = 64, height = 64, fit = "cover", format = "webp", quality = 50 }
      print(small.width, small.height, small.format)
      print(cat:save("a/b/cat.jpg"), imagine.open("a/b/cat.jpg").format)
      print(pcall(small.save, small, "a/b/cat.jpg", { overwrite = false }))
      cat:save("bare.png", { metadata = false })
      print(imagine.generate{ prompt = "a cat", seed = 7, n = 1 }[1].width, imagine.generate("a cat").seed > 0)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    try #require(lines.count == 7, "\(outcome.output)")
    #expect(lines[0] == "1280\t720\tpng\t64\t7\trealistic\ta cat")
    #expect(lines[1] == "0\ttokens\tlocal")
    #expect(lines[2] == "true\tPNG\ttrue")
    #expect(lines[3] == "64\t64\twebp")
    #expect(lines[4] == "a/b/cat.jpg\tjpeg")
    #expect(lines[5].hasPrefix("false\t"))
    #expect(lines[6] == "1024\ttrue")
    let bare = try Data(contentsOf: URL(filePath: folder.file("bare.png")))
    #expect(!bare.contains(Data("parameters".utf8)) && !bare.contains(Data("a cat".utf8)))
  }

  @Test("a Job and its Video have all their fields")
  func job() async throws {
    let outcome = try await run(
      """
      local job = imagine.video{ prompt = "waves at dusk", aspect_ratio = "1:1" }
      print(#job.id > 0, job.status == "queued" or job.status == "processing", job.provider)
      local seen = {}
      local video = job:wait{ timeout = 120, on_progress = function(job)
        seen[#seen + 1] = job.progress or -1
      end }
      print(#job.created_at > 10, job.url ~= nil, job:refresh().status, job.progress, #seen > 0)
      print(video.width, video.height, video.duration, video.format, #video.sha256)
      print(video.job == job.id, video.provider, video.thumbnail.width > 0)
      print(#video:data() > 1000, video:save("out/waves.mp4"))
      print(imagine.status(job.id).status, imagine.wait(job).sha256 == video.sha256)
      print(job:delete(), select(2, pcall(imagine.status, job.id)).kind)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output == """
        true\ttrue\tlocal
        true\ttrue\tfinished\t1.0\ttrue
        576\t576\t4.0\tmp4\t64
        true\tlocal\ttrue
        true\tout/waves.mp4
        finished\ttrue
        true\tnot_found

        """)
  }

  @Test("an error has all its fields")
  func error() async throws {
    let outcome = try await run(
      """
      local _, fault = pcall(imagine.generate, { prompt = "a cat", style = "realstic" })
      print(imagine.is_error(fault) == fault, imagine.is_error("x"))
      print(fault.kind, fault.code, fault.status, fault.name, fault.field, #fault.allowed)
      print(fault.retryable, fault.charged, fault.endpoint, fault.job, fault.results)
      print(fault.message)
      print(tostring(fault))
      print(fault.traceback:find("stack traceback", 1, true) == 1)
      local _, unknown = pcall(imagine.status, "no-such-id", { provider = "local" })
      print(unknown.kind, unknown.code, unknown.status, unknown.name, unknown.charged, unknown.endpoint)
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    try #require(lines.count == 7, "\(outcome.output)")
    #expect(lines[0] == "true\tnil")
    #expect(lines[1] == "validation\tnil\tnil\tnil\tstyle\t7")
    #expect(lines[2] == "false\tno\tnil\tnil\tnil")
    #expect(lines[3].contains("style") && lines[3].contains("realstic"))
    #expect(lines[4].contains(lines[3]) && lines[4].contains(":1:"))
    #expect(lines[5] == "true")
    #expect(lines[6].hasPrefix("not_found\t1100\t404\tBadRequest\tno\tGET /"))
    #expect(lines[6].hasSuffix("/no-such-id/status"))
  }
}
