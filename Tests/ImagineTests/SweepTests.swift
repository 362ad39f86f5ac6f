import Foundation
import ImagineAPI
import ImagineTestSupport
import Testing

@Suite("sweep, choose and the defaults of calls, at the rehearsal server")
struct SweepTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ script: String, _ body: (TrialService, [String: String]) async throws -> Void
  ) async throws {
    try await TrialService.run(script, over: .tcp, in: folder) { service in
      try await body(
        service,
        service.environment.merging([
          "IMAGINE_HOME": folder.file("home"), "IMAGINE_TOKEN": "t",
        ]) { $1 })
    }
  }

  private func outcome(
    of script: String, _ options: [String] = []
  ) async throws -> Program.Outcome {
    var outcome: Program.Outcome?
    try await run(script) { _, environment in
      outcome = try await Program.imagine.run(
        options + ["script.lua"], environment: environment, in: folder.path)
    }
    return try #require(outcome)
  }

  /// How many calls the server has charged.
  private func charges(_ service: TrialService) async throws -> Int {
    let output = try await Program(path: "/usr/bin/env").run(
      ["curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer t"]
    ).output
    return Int(try #require(try Value(json: Array(output.utf8)).table?["charges"]?.integer))
  }

  @Test("fields and words vary along three axes, and a killed run resumes by cell")
  func axes() async throws {
    let script = """
      local sweep = require "sweep"
      local result = sweep.run{
        call = { prompt = "a cat and a catalogue, cat's eye, a Katze", seed = 3 },
        x = { field = "style", values = { "realistic", "anime" } },
        y = { replace = "cat", values = { "cat eye", "" } },
        z = { replace = "eye", values = { "nose" }, labels = { "the nose" } },
        limit = 1, sheet = { cell = 64 },
      }
      for _, cell in ipairs(result.cells) do
        print(cell.x, cell.y, cell.z, cell.image.prompt, cell.image.style, cell.image.seed)
      end
      print(#result.sheets, result.sheets[1].width, result.axes.x, result.axes.y, result.axes.z)
      print(sweep.csv(result, "out/cells.csv"))
      """
    try await run(script) { service, environment in
      var killing = environment
      killing["IMAGINE_KILL_AT"] = "done:2"
      let killed = try await Program.imagine.run(
        ["script.lua"], environment: killing, in: folder.path)
      #expect(killed.status == 128 + SIGKILL, "\(killed)")
      let resumed = try await Program.imagine.run(
        ["--resume", "script.lua"], environment: environment, in: folder.path)
      #expect(
        resumed.output == """
          realistic\tcat eye\tnose\ta cat eye and a catalogue, cat eye's nose, a Katze\trealistic\t3
          anime\tcat eye\tnose\ta cat eye and a catalogue, cat eye's nose, a Katze\tanime\t3
          realistic\t\tnose\ta  and a catalogue, 's nose, a Katze\trealistic\t3
          anime\t\tnose\ta  and a catalogue, 's nose, a Katze\tanime\t3
          1\t140\tstyle\tcat\teye
          out/cells.csv

          """, "\(resumed)")
      #expect(try await charges(service) == 4)
    }
    let rows = try String(contentsOfFile: folder.file("out/cells.csv"), encoding: .utf8)
      .split(separator: "\n")
    try #require(rows.count == 5, "\(rows)")
    #expect(rows[0].hasPrefix("x,y,z,prompt,style,seed,provider"), "\(rows)")
    #expect(rows[1].hasPrefix("realistic,cat eye,nose,"), "\(rows)")
  }

  @Test("more cells than a page holds make several, and a sheet may be left out")
  func pages() async throws {
    let outcome = try await outcome(
      of: """
        local sweep = require "sweep"
        local seeds = {}
        for seed = 1, 5 do seeds[seed] = seed end
        local result = sweep.run{ call = "a cat", x = { field = "seed", values = seeds },
          sheet = { cell = 1500, background = "black" } }
        for _, sheet in ipairs(result.sheets) do print(sheet.width > 1500, sheet.height > 1500) end
        print(#sweep.run{ call = "a cat", x = { field = "seed", values = { 9 } }, sheet = false }.sheets)
        local made = imagine.generate{ prompt = "a cat", seed = 1 }
        result = sweep.run{ call = { image = made }, sheet = false,
          x = { field = "operation", values = { "upscale", "remove_background" } } }
        print(result.cells[1].image.width > made.width, result.cells[2].image.width == made.width)
        """)
    #expect(
      outcome.output == "true\ttrue\ntrue\ttrue\ntrue\ttrue\n0\ntrue\ttrue\n", "\(outcome)")
  }

  @Test("a wrong axis, word or field is an error before anything is sent")
  func refused() async throws {
    try await run(
      #"""
      local sweep, choose = require "sweep", require "choose"
      local call = { prompt = "a cat" }
      local x = { field = "seed", values = { 1 } }
      for _, options in ipairs{
        { call = call, x = { replace = "dog", values = { "fox" } } },
        { call = call, x = { replace = "ca", values = { "fox" } } },
        { call = call, x = { replace = "cat", field = "seed", values = { 1 } } },
        { call = call, x = { values = { 1 } } }, { call = call, x = { field = "seed", values = {} } },
        { call = call, x = { field = "seed", valuse = {} } }, { call = call }, { x = x },
        { call = call, x = { field = "style", values = { "anime", "anmie" } } },
        { call = call, x = { field = "sede", values = { 1 } } }, { call = call, x = x, sheet = 7 },
        { call = call, x = { replace = "cat", values = { 1 } } }, { call = call, x = x, limit = 0 },
        { call = { image = 1, operation = "video" }, x = x }, { call = call, x = x, sheets = true },
        { call = setmetatable({}, { __pairs = error }), x = x },
        { call = call,
          x = { field = "seed", values = setmetatable({}, { __index = string.len }) } },
        { call = { prompt = "a cat", n = 2 }, x = x },
        { call = call, x = x, sheet = { cell = "abc" } }, { call = call, x = x, sheet = { cell = 3 } },
        { call = call, x = x, sheet = { background = "nocolor" } },
        { call = call, x = x, sheet = { title = "\xff" } }, { call = call, x = x, limit = 1.5 },
        { call = call, x = { field = "operation", values = { "generate", "video" } } },
      } do
        local ok, fault = pcall(sweep.run, options)
        print(ok and "no error" or tostring(fault))
      end
      """#
    ) { service, environment in
      let outcome = try await Program.imagine.run(
        ["script.lua"], environment: environment, in: folder.path)
      let lines = outcome.output.split(separator: "\n").map(String.init)
      let expected = [
        "axis x: the word 'dog' is not in the prompt 'a cat'", "axis x: the word 'ca' is not in",
        "both 'field' and 'replace'", "neither 'field' and 'replace'", "values has no entries",
        "did you mean 'values'?", "axis x is a nil", "call is a nil", "did you mean 'anime'?",
        "did you mean 'seed'?", "sheet is a number", "item 1 of axis x: values is a number",
        "limit is not a positive integer", "takes no 'seed'", "did you mean 'sheet'?", "table",
        "bad argument", "field 'n'", "field 'cell'", "field 'cell'", "field 'background'",
        "field 'title'", "sweep: limit is not a positive integer", "video makes a video",
      ]
      #expect(lines.count == expected.count, "\(outcome)")
      for (line, words) in zip(lines, expected) {
        #expect(line != "no error" && line.contains(words), "\(line): \(words)")
      }
      #expect(try await charges(service) == 0)
    }
  }

  @Test("choose keeps the best by a measured number or a function, and pays for nothing")
  func best() async throws {
    let outcome = try await outcome(
      of: #"""
        local choose = require "choose"
        local images = {}
        for index, color in ipairs{ "#404040", "white", "#808080", "#c0c0c0" } do
          images[index] = imagine.canvas{ width = 8 + index, height = 8, background = color }
        end
        local best, scores = choose.best(images, { score = "brightness", keep = 3 })
        print(#best, best[1].width, best[2].width, best[3].width, ("%.2f"):format(scores[3]))
        best, scores = choose.best(images, { score = function(image, index) return -index end })
        print(#best, best[1].width, scores[1])
        print(#choose.best(images, { keep = 9 }), #choose.best({}), #choose.best(images))
        local function show(...)
          local ok, fault = pcall(choose.best, ...)
          print(ok and "no error" or type(fault) == "userdata" and fault.message or fault)
        end
        show(images, { score = "sharpnes" })
        show(images, { score = 1 })
        show(images, { kep = 1 })
        show(images, { keep = 0 })
        show(images, { keep = math.huge })
        show(images, 1)
        show(images, { score = function() return 0 / 0 end })
        show(images, { score = function() end })
        show(images, { score = function() error("mine", 0) end })
        show({ 1 })
        show({ io.stdout })
        show(7)
        show(images, { score = function() imagine.generate("a cat") return 1 end })
        """#)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let expected = [
      "3\t10\t12\t11\t0.5", "1\t9\t-1", "4\t0\t1", "did you mean 'sharpness'?",
      "a number is not allowed", "did you mean 'keep'?", "option 'keep': 0", "option 'keep'",
      "choose.best: the options are a number", "not a number (expected", "a nil (expected", "mine",
      "item 1 is a number", "item 1 is a", "the images are a number", "limit of calls (0)",
    ]
    #expect(lines.count == expected.count, "\(outcome)")
    for (line, words) in zip(lines, expected) {
      #expect(line.contains(words), "\(line): \(words)")
    }
  }

  @Test("defaults apply where a call can have the field and does not set it")
  func defaults() async throws {
    let outcome = try await outcome(
      of: """
        imagine.configure{ defaults = { style = "anime", seed = 5, aspect_ratio = "16:9" } }
        local image = imagine.generate("a cat")
        print(image.style, image.seed, image.width)
        print(imagine.generate{ prompt = "a cat", style = "realistic", seed = 6 }.seed)
        print(imagine.png("a cat").width, image:remove_background().width)
        local chain = imagine.chain{ members = { { provider = "imagine", seed = 9 } } }
        print(chain.generate{ prompt = "a cat", seed = 6 }.seed)
        print(imagine.generate{ prompt = "a cat", n = 1 }[1].style)
        imagine.configure{ defaults = {} }
        print(imagine.generate{ prompt = "a cat", seed = 1 }.style)
        local all, fault = pcall(imagine.configure, { max_calls = 1, defaults = { nosuch = 1 } })
        assert(not all and fault.field == "nosuch")
        print(imagine.generate{ prompt = "a cat", seed = 2 }.seed)
        for _, defaults in ipairs{ { prompt = "x" }, { stlye = "x" }, { image = "a.png" },
          { seed = "x" }, { style = {} }, { 1 }, 7, { seed = 0 / 0 } } do
          local ok, fault = pcall(imagine.configure, { defaults = defaults })
          assert(not ok and fault.kind == "validation", fault)
        end
        """)
    #expect(
      outcome.output == "anime\t5\t1280\n6\n1280\t1280\n9\nanime\nimagine-turbo\n2\n",
      "\(outcome)")
  }
}
