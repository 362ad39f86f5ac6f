import ImagineAPI
import ImagineLua
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Lua
import Synchronization
import Testing

@Suite("A Swift program runs scripts in a host")
struct ScriptHostTests {
  private let folder: TemporaryFolder
  private let provider = MemoryProvider()

  init() throws { folder = try TemporaryFolder() }

  /// A configuration whose calls go to ``provider``.
  private func configuration() -> ScriptHost.Configuration {
    var configuration = ScriptHost.Configuration(
      service: .program("/nonexistent"), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    configuration.providers = [provider]
    configuration.provider = provider.name
    return configuration
  }

  private func error(
    of source: String, timeLimit: Duration? = nil,
    in configuration: ScriptHost.Configuration? = nil
  ) async throws -> LuaError {
    let configuration = configuration ?? self.configuration()
    return try #require(
      await #expect(throws: LuaError.self) {
        try await ScriptHost.withHost(configuration) {
          try await $0.run(source, name: "=script", timeLimit: timeLimit)
        }
      })
  }

  @Test(
    "the error of a script has the error of the failed call as its cause",
    arguments: [
      ("imagine.generate{prompt = 'a cat'}", ImagineError.Kind.validation),
      ("task.map({1, 2}, function() imagine.generate{prompt = 'a cat'} end)", .validation),
      ("local _, e = pcall(imagine.generate, 'a cat') error(e)", .validation),
      ("imagine.open '/nonexistent.png'", .io),
      ("imagine.generate{prmpt = 'a cat'}", .validation),
      ("imagine.provider 'nobody'", .validation),
      ("require('shop').order()", .rateLimit),
    ])
  func causes(source: String, kind: ImagineError.Kind) async throws {
    provider.fail(ImagineError(.validation, "no cats"))
    var configuration = configuration()
    configuration.modules["shop"] = { state in
      try state.makeTable([
        "order": LuaNativeFunction { _ in throw ImagineError(.rateLimit, "too many") }
      ])
    }
    let error = try await error(of: source, in: configuration)
    #expect((error.underlying as? ImagineError)?.kind == kind, "\(error)")
  }

  @Test("os.exit in a script does not end the program")
  func exit() async throws {
    _ = try await error(of: "os.exit(7)")
  }

  private struct Sheet: Decodable, Equatable, Sendable {
    struct Page: Decodable, Equatable {
      var subject: String
      var width: Int
      var weight: Double?
    }
    var title: String
    var pages: [Page]
  }

  @Test("a script gets modules, globals and arguments; its result is a type, its output is taken")
  func run() async throws {
    let written = Mutex("")
    var configuration = configuration()
    configuration.modules["catalogue"] = { state in
      try state.makeTable([
        "subjects": .typedAsync { (count: Int) in
          await Task.yield()
          return (1...count).map { "subject \($0)" }
        }
      ])
    }
    configuration.prepare = { try $0.globals.set("version", to: "2") }
    configuration.lua.output = { _, bytes in
      written.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
    }
    let sheet = try await ScriptHost.withHost(configuration) { host in
      try await host.run(
        """
        local json = require "json"
        local sheet = { title = arg[1] .. ", " .. select(2, ...) .. version, pages = {} }
        for i, subject in ipairs(require("catalogue").subjects(2)) do
          local image = imagine.generate(subject)
          sheet.pages[i] = { subject = subject, width = image.width, weight = json.null }
          io.write(i, " of ", arg[0], "\\n")
        end
        return sheet
        """, name: "@sheet.lua", arguments: ["Animals", "edition "], reading: Sheet.self)
    }
    #expect(
      sheet
        == Sheet(
          title: "Animals, edition 2",
          pages: (1...2).map { .init(subject: "subject \($0)", width: 1024, weight: nil) }))
    #expect(written.withLock { $0 } == "1 of sheet.lua\n2 of sheet.lua\n")
  }

  @Test("a result of another shape is an error that names its part; images are read by a closure")
  func results() async throws {
    try await ScriptHost.withHost(configuration()) { host in
      for (source, message) in [
        (
          "return {title = 'a', pages = {{subject = 'b', width = 1.5}}}",
          "pages[1].width: an integer expected, got the float 1.5"
        ),
        ("return 1, 2", "the script returned 2 values, but one is read"),
        ("", "a table expected, got nil"),
      ] {
        let error = await #expect(throws: LuaError.self) {
          try await host.run(source, reading: Sheet.self)
        }
        #expect(error?.message == message)
      }
      let image = try await host.run("return imagine.generate 'a cat'") { _, values in
        try values.first?.userdata(Image.self)
      }
      #expect(image?.header.size == PixelSize(width: 1024, height: 1024))
    }
  }

  @Test("a time limit ends one run, and the next one is not affected")
  func timeLimit() async throws {
    var configuration = configuration()
    configuration.lua.grace = .milliseconds(50)
    try await ScriptHost.withHost(configuration) { host in
      for source in ["while true do end", "while true do pcall(task.sleep, 60) end"] {
        let error = await #expect(throws: LuaError.self) {
          try await host.run(source, timeLimit: .milliseconds(50))
        }
        #expect(error?.kind == .timeout, "\(String(describing: error))")
      }
      let seven = try await host.run("return 7", timeLimit: .seconds(60), reading: Int.self)
      #expect(seven == 7)
    }
  }

  @Test(
    "a script has the libraries that the program chose, in a plan too", arguments: [false, true])
  func libraries(plans: Bool) async throws {
    var configuration = configuration()
    configuration.plans = plans
    for libraries: LuaLibraries in [.pure, [.basic], [.pure, .package], .all] {
      configuration.lua.libraries = libraries
      try await ScriptHost.withHost(configuration) { host in
        let names = try await host.run(
          """
          imagine.generate "a cat"
          local found = {}
          for name in ("io os debug require task dofile"):gmatch "%a+" do
            if _G[name] then found[#found + 1] = name end
          end
          return found
          """, reading: [String].self)
        let all: [(LuaLibraries, String)] = [
          (.io, "io"), (.os, "os"), (.debug, "debug"), (.package, "require"), (.task, "task"),
          (.io, "dofile"),
        ]
        #expect(names == all.filter { libraries.contains($0.0) }.map(\.1))
      }
    }
  }

  @Test("a run whose program throws can be resumed; one that returns is finished")
  func endings() async throws {
    var configuration = configuration()
    configuration.run.script.path = "/programs/endings"
    configuration.run.resumption = .lastUnfinished
    for isLast in [false, true] {
      let result: Result<Void, any Error> = await {
        do {
          return .success(
            try await ScriptHost.withHost(configuration) { host in
              _ = try await host.workflow().generate("a cat")
              if !isLast { throw ImagineError(.io, "the program failed") }
            })
        } catch { return .failure(error) }
      }()
      let isSuccess = if case .success = result { true } else { false }
      #expect(isSuccess == isLast)
    }
    #expect(provider.requests.count == 1)
    let host = ScriptHost(configuration)
    #expect(try host.runs().map(\.run.state) == [.finished])
    #expect(try host.runs().map(\.run.attempt) == [2])
    try await host.shutdown()
  }
}
