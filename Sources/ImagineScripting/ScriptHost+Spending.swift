import HostStore
import ImagineAPI
import ImagineRuns
import ImagineSystem

/// What calls have cost together.
public struct Spending: Sendable, Encodable {
  /// What they are grouped by lists these.
  public enum Group: String, Sendable, CaseIterable {
    /// The day of the send, in the time zone of this machine.
    case day
    case provider, operation
    /// The model, or the style.
    case model
    case run, script
  }

  public var name: String
  /// Calls that were sent; nil by day.
  public var calls: Int?
  /// Amounts by unit; units are never added.
  public var spent: [String: Double]
}

extension ScriptHost {
  /// What all runs of this home have spent. By day it counts deleted runs too; else only those that
  /// are kept.
  ///
  /// - Parameter start: seconds since 1970, of the first send that counts; by day, its day counts
  ///   whole. Nil for all.
  /// - Returns: by name; runs and scripts in the order of their first calls.
  /// - Throws: ``ImagineError`` of kind `io`.
  public func spending(since start: Double? = nil, by group: Spending.Group) throws -> [Spending] {
    if group == .day {
      return try journal.spendingByDay(since: start.map(WallClock.day)).map { day, amounts in
        Spending(name: day, calls: nil, spent: Self.amounts(amounts))
      }
    }
    let scripts =
      group == .script
      ? Dictionary(try runs().map { ($0.run.id, $0.run.script.path ?? "-") }) { $1 } : [:]
    var order: [String] = []
    var totals: [String: (calls: Int, amounts: [String: Int64])] = [:]
    for call in try journal.calls(of: nil, limit: nil) {
      let sends = call.sends.filter { $0.at >= start ?? -.infinity }
      guard !sends.isEmpty else { continue }
      let name =
        switch group {
        case .day, .operation: call.request.operation
        case .provider: call.provider
        case .model: call.request.styleOrModel ?? "-"
        case .run: call.run
        case .script: scripts[call.run] ?? "-"
        }
      if totals[name] == nil { order.append(name) }
      totals[name, default: (0, [:])].calls += 1
      totals[name]?.amounts.merge(sends.amounts, uniquingKeysWith: +)
    }
    if group != .run, group != .script { order.sort() }
    return order.map { name in
      Spending(
        name: name, calls: totals[name]?.calls, spent: Self.amounts(totals[name]?.amounts ?? [:]))
    }
  }

  private static func amounts(_ millionths: [String: Int64]) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: millionths.filter { $0.value != 0 }.map { unit, amount in
        (unit, Price(millionths: amount, unit: unit).amount)
      })
  }
}
