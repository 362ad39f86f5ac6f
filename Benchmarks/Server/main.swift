import Foundation

// Without arguments it measures; with a word it is one of the servers, in a process of its own.
switch CommandLine.arguments.dropFirst().first {
case "bare"?: try await BareServer.run()
case "service"?: try await FullServer.run()
case let rounds:
  try Comparison(rounds: rounds.flatMap { Int($0) } ?? 7).run()
  try Pictures(rounds: rounds.flatMap { Int($0) } ?? 15).run()
}
