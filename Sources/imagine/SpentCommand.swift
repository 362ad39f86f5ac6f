public import ArgumentParser
import Foundation
import ImagineAPI
public import ImagineScripting

/// `imagine spent`: what calls have cost.
struct SpentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine spent", abstract: "Prints what calls have cost.",
    discussion: """
      By day it counts every call of this home; in other groups, the calls of runs that are still in
      the journal. A call whose charge is not known counts in full. Units are never added.
      """)

  @Option(help: "Count from a day (2026-07-25), or from so long ago (12h, 7d, 4w).") var since:
    SpendingStart?
  @Option(help: "What to group by: day, provider, operation, model, run or script.") var by =
    Spending.Group.day
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    let groups = try host.spending(since: since?.seconds, by: by)
    if json { return try JSONOutput.print(groups) }
    var total: [String: Double] = [:]
    for group in groups { total.merge(group.spent, uniquingKeysWith: +) }
    var listing = Listing(by.rawValue.uppercased(), "CALLS", "SPENT")
    for group in groups {
      listing.add(
        .text(group.name), .number(group.calls.map { "\($0)" } ?? "-"),
        .number(Self.text(group.spent)))
    }
    if Listing.isForTerminal, groups.count > 1 {
      let calls = groups.compactMap(\.calls)
      listing.add(
        .text("total"), .number(calls.isEmpty ? "-" : "\(calls.reduce(0, +))"),
        .number(Self.text(total)))
    }
    try listing.print()
  }

  private static func text(_ amounts: [String: Double]) -> String {
    amounts.isEmpty ? "0" : Listing.amounts(amounts).joined(separator: " + ")
  }
}

extension Spending.Group: ExpressibleByArgument {}

/// A point in time as an argument.
struct SpendingStart: ExpressibleByArgument {
  /// Since 1970.
  let seconds: Double

  private static var day: Date.ISO8601FormatStyle {
    Date.ISO8601FormatStyle(timeZone: .current).year().month().day()
  }

  init?(argument: String) {
    let units: [Character: Double] = ["h": 3600, "d": 86_400, "w": 7 * 86_400]
    if let unit = argument.last.flatMap({ units[$0] }),
      argument.dropLast().allSatisfy({ "0123456789.".contains($0) }),
      let count = Double(argument.dropLast()), count < 1e6
    {
      seconds = Date().timeIntervalSince1970 - count * unit
    } else if let day = try? Date(argument, strategy: Self.day),
      day.formatted(Self.day) == argument
    {
      seconds = day.timeIntervalSince1970
    } else {
      return nil
    }
  }
}
