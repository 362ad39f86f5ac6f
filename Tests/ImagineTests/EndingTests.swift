import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

/// Ends runs by Ctrl-C, signals and kills while their local server runs.
@Suite("A run leaves no child process and no partial file, however it ends")
struct EndingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func start(_ script: String) throws -> Running {
    try Program.imagine.start(
      ["-e", script],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
        "TMPDIR": folder.path,
      ], in: folder.path)
  }

  /// Waits until the script has created the file `mark`.
  private func reached(_ mark: String) async -> Bool {
    await eventually { FileManager.default.fileExists(atPath: folder.file(mark)) }
  }

  /// The process ids of the servers that were started for this test's home.
  private var servers: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap(Int32.init).filter { process in
      guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
        return false
      }
      let words = String(decoding: data, as: UTF8.self).split(separator: "\0")
      return words.first?.hasSuffix("imagine-server") == true
        && words.contains { $0 == folder.file("home") }
    }
  }

  private static let generateThenMark =
    "imagine.generate('x'):save('a.png'); io.open('mark', 'w'):close() "

  @Test("Ctrl-C ends an endless loop at once")
  func interrupt() async throws {
    let run = try start(Self.generateThenMark + "while true do end")
    #expect(await reached("mark"))
    #expect(!servers.isEmpty)
    run.send(SIGINT)
    let outcome = await run.outcome()
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("interrupted!"))
    #expect(await eventually { servers.isEmpty })
    #expect(folder.files == ["a.png", "mark"])
  }

  @Test("Ctrl-C ends a script that catches the error after a grace period")
  func swallowed() async throws {
    let run = try start(
      "io.open('mark', 'w'):close() while true do pcall(function() while true do end end) end")
    #expect(await reached("mark"))
    run.send(SIGINT)
    let outcome = await run.outcome()
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("interrupted!"))
  }

  @Test("Ctrl-C ends a script that waits for a video, and the next run can wait for its job")
  func waiting() async throws {
    let run = try start(
      """
      local job = imagine.video('waves')
      local file = io.open('id', 'w') file:write(job.id) file:close()
      io.open('mark', 'w'):close()
      job:wait()
      task.sleep(600)
      """)
    #expect(await reached("mark"))
    run.send(SIGINT)
    let outcome = await run.outcome()
    #expect(outcome.status == 1)
    #expect(await eventually { servers.isEmpty })
    let next = try start("print(imagine.wait(io.open('id'):read('a')).format)")
    let resumed = await next.outcome()
    #expect(resumed.output == "mp4\n", "\(resumed.errors)")
  }

  @Test("the local server ends when its host is killed")
  func killed() async throws {
    let run = try start(Self.generateThenMark + "while true do end")
    #expect(await reached("mark"))
    run.send(SIGKILL)
    _ = await run.outcome()
    #expect(await eventually { servers.isEmpty })
    #expect(folder.files == ["a.png", "mark"])
  }

  @Test("the next call restarts a local server that was killed")
  func serverDies() async throws {
    let run = try start(
      Self.generateThenMark
        + """
        while not io.open('go') do end
        print(pcall(imagine.generate, 'x'))
        print(imagine.generate('y').width)
        """)
    #expect(await reached("mark"))
    for server in servers { kill(server, SIGKILL) }
    #expect(await eventually { servers.isEmpty })
    try FileSystem.write("", to: folder.file("go"))
    let outcome = await run.outcome()
    #expect(outcome.output.hasSuffix("1024\n"), "\(outcome.output) \(outcome.errors)")
  }

  @Test("os.exit ends the local server")
  func exits() async throws {
    let run = try start("imagine.generate('x') os.exit(3)")
    #expect(await run.outcome().status == 3)
    #expect(await eventually { servers.isEmpty })
    #expect(!folder.files.contains { $0.hasSuffix("/s") })
  }

  @Test(
    "answers to calls that were sent are kept, however the script ends",
    arguments: ["interrupt", "cancel", "timeout", "sibling", "SIGTERM", "SIGHUP"])
  func paidAnswers(ending: String) async throws {
    let gate = Gate(8)
    let stub = try await StubServer { _ in
      await gate.arrive()
      return .full(status: 200, body: WorkflowTests.png + [UInt8.random(in: 0...255)])
    }
    let script =
      switch ending {
      case "interrupt", "SIGTERM", "SIGHUP": "draw()"
      case "cancel": "local all = task.spawn(draw) wait() all:cancel() pcall(all.await, all)"
      case "timeout": "pcall(task.timeout, 0.2, draw)"
      default: "pcall(task.all, { draw, function() wait() error('sibling') end })"
      }
    let run = try Program.imagine.start(
      [
        "-e",
        """
        local list = {1, 2, 3, 4, 5, 6, 7, 8}
        function draw() task.map(list, function() imagine.generate('x') end) end
        function wait() while not io.open('sent') do task.sleep(0.01) end end
        \(script)
        """,
      ],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
        "IMAGINE_TOKEN": "test", "IMAGINE_BASE_URL": "\(stub.address)/v2",
      ], in: folder.path)
    #expect(await eventually { stub.requests.count == 8 })
    try FileSystem.write("", to: folder.file("sent"))
    let signals = ["interrupt": SIGINT, "SIGTERM": SIGTERM, "SIGHUP": SIGHUP]
    if let signal = signals[ending] { run.send(signal) }
    #expect(await run.errorLine { $0.contains("waiting for 8 answers") } != nil)
    await gate.open()
    let outcome = await run.outcome()
    let kept = outcome.errors.split(separator: "\n").compactMap { line in
      line.split(separator: "kept an answer: ", maxSplits: 1).dropFirst().first.map(String.init)
    }
    #expect(kept.count == 8, "\(outcome.errors)")
    #expect(kept.allSatisfy { FileManager.default.fileExists(atPath: $0) })
    #expect(stub.requests.count == 8)
    if ending.hasPrefix("SIG"), let signal = signals[ending] {
      #expect(outcome.status == 128 + signal)
    }
    await stub.close()
  }
}
