import BenchmarkTable
import Foundation
import ImagineTestSupport
import PostgresStore
import ServerStore

// `store-benchmarks sustained [SECONDS]`: a thousand jobs a second, under four conditions.
// `store-benchmarks [SECONDS]`: what a store does in a second through its protocol, beside pgbench with
// as many clients, whose every transaction inserts one row and is synced.
let words = CommandLine.arguments.dropFirst()
if words.first == "sustained" {
  try await Sustained(seconds: words.dropFirst().first.flatMap(Double.init) ?? 60).run()
  exit(0)
}
let seconds = words.first.flatMap(Double.init) ?? 5
let clients = 16

let folder = try TemporaryFolder()
let server = try PostgresServer()
let peer = try Pgbench(server).insertions(clients: clients, seconds: seconds)
let stores: [(name: String, store: any ServiceStore)] = [
  ("SQLite", try SQLiteServiceStore(path: folder.file("server.sqlite"))),
  ("PostgreSQL", try await PostgresServiceStore(url: server.url(of: server.makeDatabase()))),
]

var rows = [["pgbench, one row", "PostgreSQL", String(Int(peer)), "", "", "1.00"]]
for (name, store) in stores {
  let load = try await StoreLoad(store, clients: clients, seconds: seconds)
  for (operation, rate) in [
    ("add", try await load.additions()), ("lease and finish", try await load.work()),
    ("settle", try await load.settlements()),
  ] {
    rows.append([
      operation, name, String(Int(rate.perSecond)), rate.milliseconds(0.5), rate.milliseconds(0.99),
      String(format: "%.2f", rate.perSecond / peer),
    ])
  }
}
MarkdownTable.print(
  ["operation", "engine", "a second", "p50, ms", "p99, ms", "÷ pgbench"], rows)
