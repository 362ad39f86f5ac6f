import Foundation
import ImagineREPL
import ImagineScripting
import Lua
import Synchronization

/// `imagine plan`: what a script would ask for and cost. The plan alone goes to stdout; what the
/// script prints goes to stderr.
final class PlanCommand: Sendable {
  private let printsJSON = Mutex(false)

  /// - Returns: the exit code: the script's.
  static func run(arguments: [LuaString]) -> Int32 {
    ScriptCommand.run(arguments: arguments, planning: PlanCommand())
  }

  var option: LuaCommand.Option {
    LuaCommand.Option("--json", help: "print the plan as JSON") { [self] _, _ in
      printsJSON.withLock { $0 = true }
    }
  }

  func print(_ plan: ScriptPlan.Summary) {
    if printsJSON.withLock({ $0 }) {
      do { try JSONOutput.print(plan) } catch { Notice.write("\(error)") }
      return
    }
    for group in plan.groups {
      Listing.print(
        "\(group.calls)", group.provider, group.operation, group.style ?? "-",
        Self.text(group.cost, unpriced: group.unpriced))
    }
    Swift.print("calls\t\(plan.calls)\t\(Self.text(plan.cost, unpriced: plan.unpriced))")
    Swift.print("answered by the journal, if resumed\t\(plan.answeredByJournal)")
    Swift.print("answered by the cache\t\(plan.answeredByCache)")
    Swift.print("files\t\(plan.files.count)")
    for file in plan.files { Swift.print("\t\(file)") }
  }

  private static func text(_ cost: [String: Double], unpriced: Int) -> String {
    var parts = Listing.amounts(cost)
    if unpriced > 0 { parts.append("\(unpriced) without a known price") }
    return parts.isEmpty ? "0" : parts.joined(separator: " + ")
  }
}
