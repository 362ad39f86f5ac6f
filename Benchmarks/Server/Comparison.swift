import Foundation
import WireTools

/// Puts the service and its peer under the same load in turn, and compares medians.
struct Comparison {
  let rounds: Int
  /// Connections that are kept busy, and requests of a round.
  private let connections: Int32 = 32
  private let count: Int32 = 20_000

  init(rounds: Int) {
    self.rounds = rounds
  }

  func run() throws {
    let bare = try Server("bare")
    let full = try Server("service")
    defer {
      bare.stop()
      full.stop()
    }
    let job = try full.submitJob()
    print("| route | requests/s | a bare route | ratio | target |")
    print("|---|---|---|---|---|")
    for (path, target) in [("/healthz", "≥ 0.9"), ("/v2/assets/\(job)/status", "≥ 0.6")] {
      var ours: [Double] = []
      var theirs: [Double] = []
      for _ in 0..<rounds {
        ours.append(try rate(of: full, path))
        theirs.append(try rate(of: bare, "/bare"))
      }
      let (here, there) = (median(ours), median(theirs))
      let name = path.replacingOccurrences(of: job, with: "{id}")
      print(
        "| `GET \(name)` | \(Int(here)) | \(Int(there)) | \(String(format: "%.2f", here / there)) | \(target) |"
      )
    }
  }

  private func rate(of server: Server, _ path: String) throws -> Double {
    let request =
      "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer test\r\n\r\n"
    let seconds = load_measure(server.port, request, connections, count)
    guard seconds > 0 else { throw Failed(what: "GET \(path)") }
    return Double(count) / seconds
  }

  private func median(_ values: [Double]) -> Double {
    values.sorted()[values.count / 2]
  }
}

struct Failed: Error {
  let what: String
}

/// A server in a process of its own.
private final class Server {
  private let process = Process()
  let port: Int32

  init(_ kind: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [CommandLine.arguments[0], kind]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Failed(what: "\(kind): \(line)")
    }
    self.port = port
  }

  /// A job's id.
  func submitJob() throws -> String {
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    curl.arguments = [
      "curl", "-s", "http://127.0.0.1:\(port)/v2/video/text-to-video", "-H",
      "Authorization: Bearer test", "-F", "prompt=waves", "-F", "style=fast-svd",
    ]
    let output = Pipe()
    curl.standardOutput = output
    try curl.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    curl.waitUntilExit()
    struct Submission: Decodable { let id: String }
    return try JSONDecoder().decode(Submission.self, from: data).id
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}
