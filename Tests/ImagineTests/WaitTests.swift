import Foundation
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// Waits for the job of a service that answers each poll with the next status.
@Suite("A script waits for a job")
struct WaitTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Answers each poll with the next status, and repeats the last one.
  private func run(
    _ script: String, statuses: [String]
  ) async throws -> (outcome: Program.Outcome, polls: Int) {
    let left = Mutex(statuses[...])
    let stub = try await StubServer { request in
      guard request.method == "GET" else {
        return .json(200, #"{"id":"film-1","status":"processing"}"#)
      }
      let status = left.withLock { left in left.count > 1 ? left.removeFirst() : left.first ?? "" }
      return .json(200, #"{"status":"success","video":{"uuid":"film-1",\#(status)}}"#)
    }
    let outcome = try await Program.imagine.run(
      ["-e", script],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
        "IMAGINE_BASE_URL": "\(stub.address)/v2", "IMAGINE_TOKEN": "abc",
      ], in: folder.path)
    await stub.close()
    return (outcome, stub.requests.filter { $0.method == "GET" }.count)
  }

  @Test("on_progress is called for each change of state or progress, and for nothing else")
  func progress() async throws {
    let (outcome, polls) = try await run(
      """
      local job = imagine.video("waves")
      local ok, fault = pcall(job.wait, job, { on_progress = function(seen)
        assert(seen == job)
        print(seen.status, seen.progress)
      end })
      print(ok, fault.kind)
      """,
      statuses: [
        #""status":"queued""#, #""status":"processing","progress":0.5"#,
        #""status":"processing","progress":0.5"#, #""status":"failed","progress":0.5"#,
      ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output
        == "queued\tnil\nprocessing\t0.5\nfailed\t0.5\nfalse\tjob_failed\n")
    #expect(polls == 4)
  }

  @Test("an error in on_progress ends the wait, and the job continues")
  func fault() async throws {
    let (outcome, polls) = try await run(
      """
      local ok, fault = pcall(imagine.wait, "film-1", { on_progress = function(job)
        task.sleep(0.01)
        error({ job = job.id, progress = job.progress })
      end })
      print(ok, fault.job, fault.progress)
      """, statuses: [#""status":"processing","progress":0.25"#])
    #expect(outcome.output == "false\tfilm-1\t0.25\n", "\(outcome.errors)")
    #expect(polls == 1)
  }

  @Test("the error for a wrong option names the script line")
  func wrongOption() async throws {
    let (outcome, _) = try await run(
      """
      print(pcall(imagine.wait, "film-1", { on_progress = 1 }))
      imagine.video("waves"):wait{ timeuot = 1 }
      """, statuses: [])
    #expect(outcome.output.contains("'on_progress': a number is not allowed"))
    #expect(outcome.errors.contains("(command line):2: wait: unknown field 'timeuot'"))
  }

  @Test("a wait does not poll a job that is known to have ended")
  func ended() async throws {
    let (outcome, polls) = try await run(
      """
      local job = imagine.video("waves"):refresh()
      print(pcall(job.wait, job))
      """, statuses: [#""status":"cancelled""#])
    #expect(outcome.output.contains("the job film-1 was cancelled"), "\(outcome.errors)")
    #expect(polls == 1)
  }

  @Test("a wait accepts huge and infinite timeouts")
  func longest() async throws {
    let (outcome, _) = try await run(
      """
      for _, time in ipairs{ 1e30, math.huge, math.maxinteger } do
        local job = imagine.video{ prompt = "waves", timeout = time }
        local ok, fault = pcall(job.wait, job, { timeout = time })
        print(fault.kind, task.timeout(time, function() return "in time" end))
      end
      local ok, fault = pcall(imagine.video, { prompt = "waves", timeout = 0/0 })
      print(fault.field)
      """, statuses: [#""status":"failed""#])
    #expect(
      outcome.output
        == String(repeating: "job_failed\tin time\n", count: 3) + "timeout\n",
      "\(outcome.errors)")
  }

  @Test("a wait returns the video if its thumbnail cannot be downloaded")
  func noThumbnail() async throws {
    let video = try await Program.imagine.run(
      ["-e", "imagine.video('waves'):wait():save('film.mp4')"],
      environment: ["IMAGINE_HOME": folder.file("local"), "XDG_CONFIG_HOME": folder.path],
      in: folder.path)
    #expect(video.status == 0, "\(video.errors)")
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder.file("film.mp4"))))
    let files = try await StubServer { request in
      request.target == "/film.mp4" ? .full(status: 200, body: bytes) : .json(404, "{}")
    }
    let (outcome, _) = try await run(
      """
      local video = imagine.video("waves"):wait()
      print(video.thumbnail, video.width > 0)
      """,
      statuses: [
        #""status":"finished","url":{"generation":"\#(files.address)/film.mp4","thumbnail":"\#(files.address)/still.png"}"#
      ])
    #expect(outcome.output == "nil\ttrue\n", "\(outcome.errors)")
    await files.close()
  }
}
