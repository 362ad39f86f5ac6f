import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("Every argument of a script is used or refused, never ignored")
struct RefusedArgumentTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ script: String, options: [String] = [], arguments: [String] = [],
    environment: [String: String] = [:]
  ) async throws -> Program.Outcome {
    try FileSystem.write(script, to: folder.file("script.lua"))
    var variables = environment
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    return try await Program.imagine.run(
      options + ["script.lua"] + arguments, environment: variables, in: folder.path)
  }

  private func runWithStub(_ script: String) async throws -> (
    outcome: Program.Outcome, requests: [StubServer.Request]
  ) {
    let stub = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let outcome = try await run(
      script, environment: ["IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "t"])
    await stub.close()
    return (outcome, stub.requests)
  }

  @Test("extra arguments are refused before anything is sent")
  func extraArguments() async throws {
    let (outcome, requests) = try await runWithStub(
      """
      local fs = require "fs"
      fs.write("p.png", require "imagine.fs" and \(Self.imageInLua))
      local image = imagine.open("p.png")
      local calls = {
        function() imagine.generate("a cat", {seed = 3}) end,
        function() imagine.generate({prompt = "a cat"}, {seed = 3}) end,
        function() imagine.generate("a cat", 1, {seed = 3}) end,
        function() imagine.generate("a cat", "anime") end,
        function() image:resize("16:9") end,
        function() image:upscale(4) end,
        function() image:upscale({}, 4) end,
        function() image:upscale{image = image} end,
        function() image:data(1) end,
        function() image:save("a.png", {}, true) end,
        function() imagine.open("p.png", {format = "png"}) end,
        function() imagine.decode("x", {}) end,
        function() imagine.styles("video") end,
        function() imagine.spent("tokens") end,
        function() imagine.provider("local", {}) end,
        function() fs.read("p.png", "rb") end,
        function() fs.write("a", "b", {}, {}) end,
      }
      for index, call in ipairs(calls) do
        local ok, fault = pcall(call)
        if ok or fault.kind ~= "validation" then print(index, ok, fault) end
      end
      """)
    #expect(outcome.output == "" && outcome.status == 0, "\(outcome)")
    #expect(requests.isEmpty)
  }

  private static var imageInLua: String {
    "\"" + TinyImage.png.map { String(format: "\\x%02x", $0) }.joined() + "\""
  }

  @Test("the index that task.map passes with each element is not an argument")
  func index() async throws {
    let (outcome, requests) = try await runWithStub(
      """
      local images = task.map({"a", "b"}, imagine.generate)
      images = task.map({{prompt = "c"}, {prompt = "d"}}, imagine.generate)
      images = task.map(images, imagine.upscale)
      print(#images)
      """)
    #expect(outcome.output == "2\n", "\(outcome.errors)")
    #expect(requests.count == 6)
  }

  @Test("fields from a metatable are used")
  func metatables() async throws {
    let (outcome, requests) = try await runWithStub(
      """
      local defaults = {style = "anime", seed = 5, extra = setmetatable({}, {__pairs = function()
        return next, {strength = 2}
      end})}
      imagine.generate(setmetatable({prompt = "one"}, {__index = defaults}))
      imagine.generate(setmetatable({}, {__pairs = function() return next, {prompt = "two"} end}))
      print(pcall(imagine.generate, setmetatable({prompt = "x"}, {__index = error})))
      local ok, fault = pcall(imagine.generate, setmetatable({prompt = "x"},
        {__pairs = function() return next, {promt = 1} end}))
      print(fault.field, #tostring(fault))
      """)
    #expect(requests.count == 2)
    for word in ["one", "anime", "strength"] {
      #expect(requests.first?.text.contains(word) == true, "\(outcome.errors)")
    }
    #expect(requests.last?.text.contains("two") == true)
    #expect(outcome.output.contains("promt"), "\(outcome.output)")
  }

  @Test("the error for a misspelt style, aspect ratio, provider or state suggests the nearest name")
  func spelling() async throws {
    let (outcome, requests) = try await runWithStub(
      """
      for _, call in ipairs{
        function() imagine.generate{prompt = "x", style = "realstic"} end,
        function() imagine.generate{prompt = "x", aspect_ratio = "16:8"} end,
        function() imagine.generate{prompt = "x", provider = "imagin"} end,
        function() imagine.history{state = "dne"} end,
      } do print((select(2, pcall(call)).message)) end
      """)
    let lines = outcome.output.split(separator: "\n")
    for (line, word) in zip(lines, ["realistic", "16:9", "imagine", "done"]) {
      #expect(line.contains("did you mean '\(word)'"), "\(line)")
    }
    #expect(lines.count == 4 && requests.isEmpty)
  }

  @Test("strings are accepted as numbers and flags everywhere")
  func texts() async throws {
    let (outcome, requests) = try await runWithStub(
      """
      imagine.configure{timeout = "30", retries = "1", cache = "false", max_calls = "9"}
      local images = imagine.generate{prompt = "x", seed = "12", n = "2", timeout = "20"}
      imagine.budget("7", function() end)
      print(#images, images[1].seed)
      """)
    #expect(outcome.output == "2\t12\n", "\(outcome.errors)")
    #expect(requests.count == 2)
  }

  @Test("the built-in engine refuses video styles that it does not have")
  func videoStyle() async throws {
    let outcome = try await run(
      #"local ok, fault = pcall(imagine.video, {prompt = "x", style = "sora"}) print(ok, fault)"#,
      options: ["--provider", "local"])
    #expect(outcome.output.contains("\"sora\" is not allowed"), "\(outcome.output)")
    #expect(outcome.output.contains("fast-svd") && outcome.output.contains("kling-1.5"))
  }

  @Test("a cyclic table and other endless or invalid values are errors")
  func endless() async throws {
    let outcome = try await run(
      """
      local t = {kind = "openai"}
      t.x = t
      local deep = {}
      for _ = 1, 100000 do deep = {deep} end
      for _, value in ipairs{
        t, {kind = deep}, {kind = "openai", prices = {generate = 0 / 0}}, {[1.5] = 1},
        {kind = "caf\\xe9"}, setmetatable({}, {__index = function() return 1 end}),
      } do
        local ok, fault = pcall(imagine.provider, value)
        print(ok, fault)
      end
      print(select(2, pcall(require "json".encode, t)))
      """, options: ["--provider", "local"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 7 && lines.allSatisfy { !$0.hasPrefix("true") }, "\(outcome.output)")
    #expect(lines.first?.contains("the table contains itself") == true)
    #expect(lines.last?.contains("a table that contains itself") == true)
  }

  @Test("an option after the script is reported, and one after -- belongs to the script")
  func misplaced() async throws {
    let late = try await run("print(#arg)", arguments: ["--budget", "3"])
    #expect(late.output == "2\n" && late.errors.contains("'--budget' after the script"))
    let meant = try await run("print(#arg)", arguments: ["--", "--budget", "3"])
    #expect(meant.output == "3\n" && meant.errors == "")
  }

  @Test("a mask in which nothing is opaque is refused before anything is sent")
  func alphaMask() async throws {
    let made = try await Program(path: "/usr/bin/env").run([
      "python3", "-c",
      """
      import sys, zlib, struct
      c = lambda t, d: struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
      head = c(b'IHDR', struct.pack('>IIBBBBB', 2, 1, 8, 6, 0, 0, 0))
      data = c(b'IDAT', zlib.compress(bytes(9)))
      open(sys.argv[1], 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + head + data + c(b'IEND', b''))
      """, folder.file("mask.png"),
    ])
    #expect(made.status == 0, "\(made.errors)")
    try Data(TinyImage.png).write(to: URL(filePath: folder.file("p.png")))
    let (outcome, requests) = try await runWithStub(
      """
      local ok, fault = pcall(imagine.retouch, {image = "p.png", mask = "mask.png"})
      print(ok, fault.kind, fault.field, fault.message)
      """)
    #expect(outcome.output.hasPrefix("false\tvalidation\tmask\t"), "\(outcome.output)")
    #expect(requests.isEmpty)
  }
}
