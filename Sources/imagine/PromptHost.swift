import ImagineAPI
import ImagineREPL
import ImagineRuns
import ImagineScripting
import Lua

/// What the prompt shows of this program: provider, arguments, runs and money.
struct PromptHost: SessionHost {
  /// Makes the host at its first use.
  let host: @Sendable () -> ScriptHost

  var greeting: [String] {
    // Selecting the provider prints which one it is, and why.
    _ = host().selectedProvider
    let lua = LuaInterpreter.copyright.split(separator: " ").prefix(2).joined(separator: " ")
    return ["\(ScriptCommand.version), \(lua); help() explains, Ctrl-D leaves"]
  }

  func fields(ofCall path: String) -> [CallFieldHelp] {
    guard let operation = Self.operation(path) else { return [] }
    let fields = operation.fields + CallField.all(for: operation.answer)
    return fields.map { field in
      CallFieldHelp(name: field.name, meaning: Self.line(field), allowed: field.knownNames)
    }
  }

  private static func operation(_ path: String) -> MediaOperation? {
    let name = path.split { $0 == "." || $0 == ":" }.last.map(String.init) ?? path
    return MediaOperation.named(name)
  }

  private static func line(_ field: Field) -> String {
    switch field.presence {
    case .required: field.summary
    case .optional: "\(field.summary); optional"
    case .defaulted(let value): "\(field.summary); \(value) by default"
    }
  }

  func help(_ topic: String) -> String? {
    if topic == "styles" {
      return ImageStyle.allCases.map { "  \($0.rawValue): \($0.summary)\n" }.joined()
    }
    return HelpTopic.named(topic)?.text
  }

  func runs() -> String {
    do {
      let runs = try host().runs().prefix(20)
      if runs.isEmpty { return "there are no runs\n" }
      return runs.map { summary in
        "\(summary.run.id)  \(summary.answered)/\(summary.calls) answered"
          + "  \(summary.run.script.text.printable)\n"
      }.joined()
    } catch {
      return "\(error)\n".printable + "\n"
    }
  }

  func spent() -> String {
    let spending = spendingSoFar()
    guard spending.calls > 0 else { return "nothing was called yet\n" }
    let noun = spending.calls == 1 ? "call" : "calls"
    return "\(spending.calls) \(noun), \(priceText(spending.amounts))\n"
  }

  func spendingSoFar() -> SessionSpending {
    let spent = host().spentSoFar
    return SessionSpending(
      calls: spent.calls,
      amounts: Dictionary(spent.amounts.map { ($0.unit, $0.millionths) }) { $1 })
  }

  func priceText(_ amounts: [String: Int64]) -> String {
    let prices = amounts.sorted { $0.key < $1.key }
      .map { Price(millionths: $0.value, unit: $0.key).description }
    return prices.isEmpty ? "no cost" : prices.joined(separator: ", ")
  }

  var secrets: [String] { host().secrets }
}
