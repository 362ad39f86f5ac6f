import ArgumentParser
import Foundation
import ImagineScripting
import Lua
import LuaCommand
import Synchronization

/// `imagine plan`: prints what a script would send and what that would cost. Only the plan goes to
/// stdout; the script's own output goes to stderr.
final class PlanCommand: Sendable {
  private let printsJSON: Mutex<Bool>

  init(printsJSON: Bool = false) { self.printsJSON = Mutex(printsJSON) }

  /// `--json` may precede the script or, as the last argument, follow it.
  ///
  /// - Returns: the script's exit code.
  static func run(arguments: [LuaString]) -> Int32 {
    let words = CommandLineOrder.commandFirst(arguments, flags: ["--json"])
    if words.count > 1, let verb = Verb.named(words[1].text), access(verb.name, F_OK) != 0 {
      return VerbCommand.run(verb, Array(words.dropFirst(2)), isPlan: true)
    }
    let plan = PlanCommand()
    var arguments = arguments
    if arguments.count > 2, arguments.last == "--json", !arguments.contains("--") {
      arguments.removeLast()
      plan.printsJSON.withLock { $0 = true }
    }
    return ScriptCommand.run(arguments: arguments, planning: plan)
  }

  var option: LuaCommand.Option {
    LuaCommand.Option("--json", help: "print the plan as JSON") { [self] _, _ in
      printsJSON.withLock { $0 = true }
    }
  }

  /// Prints the plan. If it cannot be written completely, the program exits with an error.
  func show(_ plan: ScriptPlan.Summary) {
    do {
      try print(plan)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      Notice.write("\(error)")
      exit(EXIT_FAILURE)
    }
  }

  /// - Throws: the errors of ``Output``.
  private func print(_ plan: ScriptPlan.Summary) throws {
    if printsJSON.withLock({ $0 }) { return try JSONOutput.print(plan) }
    var listing = Listing("CALLS", "PROVIDER", "OPERATION", "STYLE", "PRICE")
    for group in plan.groups {
      listing.add(
        .number("\(group.calls)"), .text(group.provider), .text(group.operation),
        .text(group.style ?? "-"), .number(Self.text(group.cost, unpriced: group.unpriced)))
    }
    let total = Self.text(plan.cost, unpriced: plan.unpriced)
    let isForTerminal = Listing.isForTerminal
    if !plan.groups.isEmpty {
      try listing.print()
      if isForTerminal { try Output.line("") }
    }
    if !isForTerminal { try Listing.print("calls", "\(plan.calls)", total) }
    try Listing.print(
      facts: (isForTerminal ? [("calls", "\(plan.calls), \(total)")] : []) + [
        ("answered by the journal, if resumed", "\(plan.answeredByJournal)"),
        ("answered by the cache", "\(plan.answeredByCache)"),
        ("files", "\(plan.files.count)"),
      ])
    for note in plan.needsPixels { try Listing.print(facts: [("known from pixels only", note)]) }
    for file in plan.files { try Output.line("\(isForTerminal ? "  " : "\t")\(file)") }
  }

  private static func text(_ cost: [String: Double], unpriced: Int) -> String {
    var parts = Listing.amounts(cost)
    if unpriced > 0 { parts.append("\(unpriced) without a known price") }
    return parts.isEmpty ? "0" : parts.joined(separator: " + ")
  }
}
