import BenchmarkTable
import Foundation
import WireTools

/// Puts the service and its peers under the same load in turn, and compares medians.
struct Comparison {
  let rounds: Int
  /// Connections that are kept busy, and requests of a round.
  private let connections: Int32 = 32
  private let count: Int32 = 20_000

  init(rounds: Int) {
    self.rounds = rounds
  }

  func run() throws {
    let bare = try Server.swift("bare")
    let full = try Server.swift("service")
    let nginx = try Server.nginx()
    defer { for server in [bare, full, nginx] { server?.stop() } }
    if nginx == nil { print("nginx is not installed, and left out.\n") }
    let job = try full.finishedJob()
    let routes = [
      ("/healthz", "≥ 0.9"), ("/v2/video/\(job)/status", "≥ 0.5"),
    ]
    var rows: [[String]] = []
    for (path, target) in routes {
      var rates: [String: [Double]] = [:]
      // In turn, because other work on the machine slows all of them.
      for _ in 0..<rounds {
        rates["service", default: []].append(try rate(of: full, path))
        rates["bare", default: []].append(try rate(of: bare, "/bare"))
        if let nginx { rates["nginx", default: []].append(try rate(of: nginx, "/bare")) }
      }
      let medians = rates.mapValues { $0.sorted()[$0.count / 2] }
      func shown(_ peer: String) -> String {
        medians[peer].map { String(Int($0)) } ?? "–"
      }
      func ratio(to peer: String) -> String {
        guard let ours = medians["service"], let theirs = medians[peer] else { return "–" }
        return String(format: "%.2f", ours / theirs)
      }
      rows.append([
        "`GET \(path.replacingOccurrences(of: job, with: "{id}"))`", shown("service"),
        shown("bare"), ratio(to: "bare"), target, shown("nginx"), ratio(to: "nginx"),
      ])
    }
    MarkdownTable.print(
      ["route", "requests/s", "a bare route", "ratio", "target", "nginx", "ratio"], rows)
  }

  private func rate(of server: Server, _ path: String) throws -> Double {
    let request =
      "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer test\r\n\r\n"
    let seconds = load_measure(server.port, request, connections, count)
    guard seconds > 0 else { throw Failed(what: "GET \(path)") }
    return Double(count) / seconds
  }
}

struct Failed: Error {
  let what: String
}
