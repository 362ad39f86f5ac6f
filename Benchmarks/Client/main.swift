import Foundation
import WireTools

// Without arguments it measures the client beside its peers, with `journal` what the journal costs;
// with `stub` it is the service that all clients call, in a process of its own.
let words = CommandLine.arguments
if words.dropFirst().first == "stub" {
  var port: Int32 = 0
  let listener = stub_listen(&port)
  print(port)
  fflush(nil)
  stub_serve(listener, words.dropFirst(2).first.flatMap { Int($0) } ?? 2048)
} else if let program = ProcessInfo.processInfo.environment["IMAGINE_PROGRAM"] {
  let rounds = words.last.flatMap { Int($0) } ?? 5
  if words.contains("journal") {
    try JournalCost(program: program, rounds: rounds).run()
  } else {
    try Comparison(program: program, rounds: rounds).run()
  }
} else {
  print("IMAGINE_PROGRAM names the program to measure: a release build of imagine")
}
