import Foundation
import ImagineTestSupport
import Testing

/// Budgets, the cache and plans of the `imagine` program.
@Suite("Budgets limit spending, the cache saves it, and plans predict it")
struct MoneyTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Runs `body` with a rehearsal server and the environment with which scripts use it.
  private func withService(
    _ body: (_ environment: [String: String]) async throws -> Void
  ) async throws {
    try FileSystem.write("paint = \"card\"\n", to: folder.file("plan.toml"))
    let server = try Program.server.start(
      [
        "--port", "0", "--home", folder.file("home/rehearsal"), "--rehearse",
        folder.file("plan.toml"),
      ])
    defer { server.send(SIGKILL) }
    let address = try #require(await server.firstLine { $0.contains("http://") })
    let base = try #require(address.split(separator: " ").first { $0.hasPrefix("http://") })
    try await body([
      "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "test",
      "IMAGINE_BASE_URL": "\(base)/v2", "XDG_CONFIG_HOME": folder.file("config"),
      "BASE": String(base),
    ])
  }

  private func run(
    _ arguments: [String], _ environment: [String: String]
  ) async throws -> Program.Outcome {
    try await Program.imagine.run(arguments, environment: environment, in: folder.path)
  }

  private func configure(_ text: String) throws {
    try FileSystem.write(text, to: folder.file("config/imagine/config.toml"))
  }

  private func charges(_ environment: [String: String]) async throws -> Int {
    let answer = try await Program(path: "/usr/bin/env").run([
      "curl", "-s", "\(environment["BASE"] ?? "")/x/rehearsal", "-H", "Authorization: Bearer test",
    ])
    let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    return try #require((json as? [String: Any])?["charges"] as? Int)
  }

  private static let tenCalls = """
    local outcomes = task.settle({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, function(number)
      return imagine.generate{ prompt = "image " .. number, style = "flux-schnell" }
    end)
    for _, outcome in ipairs(outcomes) do
      print(outcome.ok and outcome.value.cost or outcome.error.kind .. ": " .. outcome.error.message)
    end
    local spent = imagine.spent()
    print("spent", spent.calls, spent.tokens)
    """

  @Test("a budget allows as many calls as it can pay for, and the error says what is left")
  func budget() async throws {
    try await withService { environment in
      let price = try await run(
        ["-e", "print(imagine.estimate{ style = 'flux-schnell' }.cost)"], environment)
      let cost = try #require(Int(price.output.dropLast()))
      let outcome = try await run(
        ["--budget", "\(cost * 3 + cost - 1)", "-e", Self.tenCalls], environment)
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count { $0 == "\(cost)" } == 3, "\(outcome.output) \(outcome.errors)")
      #expect(
        lines.count {
          $0.hasPrefix(
            "budget: the call would cost \(cost) tokens, but the run has only \(cost - 1) tokens"
              + " of \(cost * 4 - 1) tokens left")
        } == 7)
      #expect(lines.last == "spent\t3\t\(cost * 3)")
      #expect(try await charges(environment) == 3)
    }
  }

  @Test("a maximum number of calls limits a run or a part of a script")
  func calls() async throws {
    try await withService { environment in
      let outcome = try await run(["--max-calls", "4", "-e", Self.tenCalls], environment)
      #expect(
        outcome.output.hasSuffix("spent\t4\t\(4 * 5)\n") || outcome.output.contains("spent\t4"))
      let part = try await run(
        [
          "-e",
          """
          local ok, fault = pcall(imagine.budget, { calls = 2 }, function()
            task.map({1, 2, 3}, function(n) imagine.generate("part " .. n) end)
          end)
          print(ok, fault.kind, #task.settle({imagine.generate}))
          imagine.generate("outside")
          """,
        ], environment)
      #expect(part.output.hasPrefix("false\tbudget\t"), "\(part.output) \(part.errors)")
      #expect(try await charges(environment) == 4 + 2 + 1)
    }
  }

  @Test("a budget refuses a call without a known price unless --allow-unpriced is given")
  func unpriced() async throws {
    try await withService { environment in
      let script =
        "local image = imagine.generate{prompt = 'x', seed = 1} print(pcall(image.upscale, image))"
      let refused = try await run(["--budget", "1000", "-e", script], environment)
      #expect(refused.output.contains("has no known price"), "\(refused.output)")
      let allowed = try await run(
        ["--budget", "1000", "--allow-unpriced", "-e", script], environment)
      #expect(allowed.output.hasPrefix("true\t"), "\(allowed.output)")
    }
  }

  @Test("two processes together never spend more than the daily limit")
  func dailyLimit() async throws {
    try await withService { environment in
      let price = try await run(
        ["-e", "print(imagine.estimate{ style = 'flux-schnell' }.cost)"], environment)
      let cost = try #require(Int(price.output.dropLast()))
      try configure("[budget]\nper_day = \(cost * 7)\n")
      let runs = try (1...2).map { _ in
        try Program.imagine.start(["-e", Self.tenCalls], environment: environment, in: folder.path)
      }
      var paid = 0
      for run in runs {
        let outcome = await run.outcome()
        paid += outcome.output.split(separator: "\n").count { $0 == "\(cost)" }
        #expect(outcome.output.contains("budget: "), "\(outcome.output) \(outcome.errors)")
      }
      #expect(paid == 7)
      #expect(try await charges(environment) == 7)
    }
  }

  @Test("the cache answers an equal request with a seed, and the image is saved")
  func cache() async throws {
    try await withService { environment in
      let script = """
        local image = imagine.generate{ prompt = "a cat", seed = 7, cache = true }
        image:save(arg[1])
        imagine.generate{ prompt = "a cat", cache = true }
        print(image.sha256, imagine.spent().calls)
        """
      try FileSystem.write(script, to: folder.file("cached.lua"))
      let first = try await run(["cached.lua", "one.png"], environment)
      let second = try await run(["cached.lua", "two.png"], environment)
      #expect(first.output.hasSuffix("\t2\n") && second.output.hasSuffix("\t1\n"))
      #expect(first.output.dropLast(2) == second.output.dropLast(2))
      #expect(folder.files.contains("two.png"))
      #expect(try await charges(environment) == 3)
      let size = try await run(["cache", "size"], environment)
      #expect(size.output.hasPrefix("1 answers, "))
      #expect(
        try await run(["cache", "prune", "--days", "0"], environment).output == "1 answers\n")
    }
  }

  @Test("the cache does not answer a call whose extra fields are redacted")
  func cacheOfPrivateFields() async throws {
    try await withService { environment in
      let script = """
        local request = { prompt = "a cat", seed = 7, extra = { init_image = arg[1] } }
        imagine.generate(request)
        print(imagine.spent().calls)
        """
      try FileSystem.write(script, to: folder.file("cached.lua"))
      for address in ["https://example.com/a.png", "https://example.com/b.png"] {
        #expect(try await run(["--cache", "cached.lua", address], environment).output == "1\n")
      }
      #expect(try await run(["--cache", "cached.lua", "plain"], environment).output == "1\n")
      #expect(try await run(["--cache", "cached.lua", "plain"], environment).output == "0\n")
      #expect(try await charges(environment) == 3)
    }
  }

  @Test("imagine.estimate takes the same table as the call")
  func estimate() async throws {
    let environment = ["IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "test"]
    let outcome = try await run(
      [
        "-e",
        """
        local call = { prompt = "a cat", style = "flux-schnell", n = "3", seed = 4, cache = true,
          timeout = 9, retries = 1, extra = { strength = 0.5 } }
        print(imagine.estimate(call).cost, imagine.estimate("a cat").cost)
        print(select(2, pcall(imagine.estimate, { prompt = "a cat", timeuot = 9 })).message)
        print(select(2, pcall(imagine.estimate, { operation = "paint" })).message)
        print(imagine.estimate{ operation = "fill", image = "none.png" }.cost)
        """,
      ], environment)
    let lines = outcome.output.split(separator: "\n")
    try #require(lines.count == 4, "\(outcome.output) \(outcome.errors)")
    #expect(lines[0] == "15\t1")
    #expect(lines[1].contains("did you mean 'timeout'?"))
    #expect(lines[2].contains("field 'operation': \"paint\" is not allowed"))
    #expect(lines[3] == "nil")
  }

  @Test("a plan needs no key of its provider", arguments: ["imagine", "openai"])
  func planWithoutKey(provider: String) async throws {
    let script = "imagine.generate{ prompt = 'a cat', model = m, style = s }:save('cat.png')"
    let values = provider == "openai" ? "m = 'gpt-image-2' " : "s = 'realistic' "
    try FileSystem.write(values + script, to: folder.file("work.lua"))
    let environment = [
      "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.file("config"),
    ]
    let planned = try await run(["plan", "--provider", provider, "work.lua"], environment)
    #expect(planned.status == 0, "\(planned.errors)")
    #expect(planned.output.contains("cat.png\n"), "\(planned.output)")
    let outcome = try await run(["--provider", provider, "work.lua"], environment)
    #expect(outcome.status == 1 && outcome.errors.contains("needs a token"))
  }

  @Test("a script in a plan can read, copy and move the files that it would have saved")
  func plannedFiles() async throws {
    let script = """
      local fs = require "fs"
      local image = imagine.generate{ prompt = "a cat" }
      image:save("out/a.png")
      assert(fs.exists("out/a.png") and fs.info("out/a.png").size == #image:data())
      fs.copy("out/a.png", "out/b.png")
      fs.move("out/b.png", "out/c.png")
      os.rename("out/c.png", "out/d.png")
      local file <close> = io.open("out/d.png", "rb")
      assert(imagine.decode(file:read("a")).width == image.width)
      error("stop", 0)
      """
    try FileSystem.write(script, to: folder.file("work.lua"))
    let planned = try await run(
      ["plan", "work.lua"],
      ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.file("config")])
    // A plan that fails prints only its error.
    #expect(
      planned.errors.contains(": stop\n") && !planned.errors.contains("there is no run"),
      "\(planned.errors)")
    #expect(
      planned.output.hasSuffix("files\t4\n\tout/a.png\n\tout/b.png\n\tout/c.png\n\tout/d.png\n"),
      "\(planned.output)")
    #expect(folder.files == ["work.lua"])
  }

  @Test("a plan reads the user's images and survives a forged size in a header")
  func plannedInputs() async throws {
    try Data(TinyImage.png).write(to: URL(filePath: folder.file("own.png")))
    // A complete PNG whose header claims 2³¹ − 1 pixels a side.
    let forged = try #require(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUn////9/////CAIAAACbq5wxAAAADElEQVR4nDMwoD0AALNxEsG7"
          + "mMmHAAAAAElFTkSuQmCC"))
    try forged.write(to: URL(filePath: folder.file("forged.png")))
    let script = """
      local own = imagine.open("own.png")
      assert(own:data() == require "fs".read("own.png"))
      assert(own:upscale().width == 4 and imagine.upscale("own.png").height == 2)
      own:save("copy.png")
      assert(imagine.upscale("copy.png").width == 4)
      print(imagine.upscale("forged.png").width)
      """
    try FileSystem.write(script, to: folder.file("work.lua"))
    let planned = try await run(
      ["plan", "work.lua"],
      ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.file("config")])
    #expect(planned.status == 0 && planned.errors.contains("32768\n"), "\(planned.errors)")
  }

  @Test("a plan sends and writes nothing, and lists calls, price, files and stored answers")
  func plan() async throws {
    try await withService { environment in
      let script = """
        local images = task.map({1, 2, 3}, function(number)
          task.sleep(1000)
          local image = imagine.generate{ prompt = "p" .. number, aspect_ratio = "16:9" }
          assert(image.width == 1280 and image:upscale().height == 1440)
          return image:save("out/" .. number .. ".jpg")
        end)
        local video = imagine.video("waves"):wait()
        assert(video.width == 768 and video.duration == 4)
        video:save("out/waves.mp4")
        local report = io.open("report.txt", "w")
        report:write("x")
        report:close()
        local fs = require "fs"
        assert(fs.read(fs.append(fs.write("list.txt", "y"), "z")) == "yz")
        io.stdout:write("no part of the plan\\n")
        print("the script's own words")
        if arg[1] == "fail" then error("stop", 0) end
        """
      try FileSystem.write(script, to: folder.file("work.lua"))
      let before = folder.files
      let planned = try await run(["plan", "--json", "work.lua"], environment)
      #expect(planned.status == 0, "\(planned.errors)")
      let json =
        try JSONSerialization.jsonObject(with: Data(planned.output.utf8)) as? [String: Any]
      #expect(json?["calls"] as? Int == 7 && json?["unpriced"] as? Int == 4)
      #expect(
        Set(json?["files"] as? [String] ?? []) == [
          "out/1.jpg", "out/2.jpg", "out/3.jpg", "out/waves.mp4", "report.txt", "list.txt",
        ])
      #expect((json?["groups"] as? [[String: Any]])?.count == 3)
      #expect(folder.files == before && planned.errors.contains("the script's own words"))
      #expect(try await charges(environment) == 0)
      // The journal has the answers of a run that failed.
      let short = """
        imagine.generate{ prompt = "one", seed = 1 }
        imagine.generate{ prompt = "two", seed = 2 }
        error("stop", 0)
        """
      try FileSystem.write(short, to: folder.file("short.lua"))
      _ = try await run(["short.lua"], environment)
      let rest = try await run(["plan", "short.lua"], environment)
      #expect(rest.output.contains("calls\t0\t0\n"), "\(rest.output) \(rest.errors)")
      #expect(rest.output.contains("answered by the journal, if resumed\t2\n"))
    }
  }
}
