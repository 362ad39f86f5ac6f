import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

/// `HOSTILE_CALLS` is the number of calls and `HOSTILE_SEED` selects them. `IMAGINE_PROGRAM` may
/// name a program that was built with a sanitizer. `HOSTILE_TRACE=1` prints each call to stderr
/// before it is made.
@Suite("No value in a script crashes the process")
struct HostileCallTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("every function of imagine.* and of the library survives hostile values")
  func hostileCalls() async throws {
    let own = ProcessInfo.processInfo.environment
    let seed = own["HOSTILE_SEED"] ?? "1"
    let stub = try await StubServer { request in
      if request.method == "DELETE" {
        return .json(200, #"{"message":"video deleted","status":"success"}"#)
      }
      if request.target == "/film.mp4" { return .full(status: 200, body: SampleMedia.mp4) }
      if request.target.contains("/video/") && request.method == "POST" {
        return .json(200, #"{"id":"id","status":"processing"}"#)
      }
      if request.target.contains("/status") {
        let address = "http://\(request.headers["host"] ?? "")/film.mp4"
        return .json(
          200,
          #"{"status":"success","video":{"uuid":"id","status":"finished","url":{"generation":"\#(address)","thumbnail":null}}}"#
        )
      }
      return .full(status: 200, body: TinyImage.png)
    }
    var variables = own.filter { $0.key.hasPrefix("HOSTILE_") || $0.key.hasSuffix("SAN_OPTIONS") }
    variables["IMAGINE_BASE_URL"] = "\(stub.address)/v2"
    variables["IMAGINE_TOKEN"] = "test-token"
    variables["IMAGINE_HOME"] = folder.file("home")
    variables["XDG_CONFIG_HOME"] = folder.file("home")
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let types = here.appending(path: "../../../stdlib/types/imagine.lua").standardized.path
    let work = folder.file("a/b/c/d")
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    let outcome = try await Program.imagine.run(
      [
        "--no-journal", here.appending(path: "HostileCalls.lua").path,
        own["HOSTILE_CALLS"] ?? "3000", seed, types,
      ], environment: variables, in: work)
    #expect(
      outcome.status == 0,
      "seed \(seed), status \(outcome.status): \(outcome.errors.prefix(2000))")
    #expect(outcome.output.contains("refused"), "\(outcome.output.suffix(300))")
    await stub.close()
  }
}
