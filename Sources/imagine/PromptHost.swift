import ImagineAPI
import ImagineREPL
import ImagineRuns
import ImagineScripting
import Lua

/// What the prompt shows of this program: provider, arguments, runs and money.
struct PromptHost: SessionHost {
  /// Makes the host at its first use.
  let host: @Sendable () -> ScriptHost
  /// Whether notices are turned off.
  let isQuiet: Bool

  var greeting: [String] {
    [ScriptCommand.greeting, "provider \(host().selectedProvider)"]
  }

  func announcements() -> [String] {
    isQuiet ? [] : Announcements(host: host(), environment: Program.environment).take()
  }

  var events: AsyncStream<String> {
    if isQuiet { return AsyncStream { $0.finish() } }
    let events = host().events
    return AsyncStream { lines in
      let task = Task.detached {
        // A job may be polled after its end.
        var ended: Set<String> = []
        for await event in events {
          guard case .job(let status, let provider) = event, status.state.isFinal,
            ended.insert("\(provider) \(status.id)").inserted
          else { continue }
          let reason = status.failure.map { ": \($0)" } ?? ""
          lines.yield("job \(status.id) at \(provider) \(status.state.rawValue)\(reason)")
        }
        lines.finish()
      }
      lines.onTermination = { _ in task.cancel() }
    }
  }

  func describe(_ value: LuaUserdataReference) -> String? { host().facts(of: value) }

  func picture(of value: LuaUserdataReference) -> PictureSource? {
    host().thumbnails(of: value).map { PictureSource(thumbnail: $0) }
  }

  var previewStyle: String? {
    let style = Program.environment["IMAGINE_PREVIEW"] ?? ""
    return style.isEmpty ? host().sessionSettings.preview : style
  }

  func fields(ofCall path: String) -> [CallFieldHelp] {
    let fields =
      if let operation = Self.operation(path) {
        host().knownFields(of: operation) + CallField.all(for: operation)
      } else {
        HelpTopic.fields(ofFunction: Self.name(path))
      }
    return fields.map { field in
      CallFieldHelp(name: field.name, meaning: Self.line(field), allowed: field.knownNames)
    }
  }

  func values(ofField name: String, inCall path: String) -> [String] {
    switch name {
    case "provider": host().providerNames
    case "model", "sampler", "scheduler", "upscaler":
      Self.operation(path).map { host().knownValues(of: name, in: $0.name) } ?? []
    default: fields(ofCall: path).first { $0.name == name }?.allowed ?? []
    }
  }

  func texts(forArgumentOf path: String) -> [(text: String, meaning: String)] {
    switch path {
    case "imagine.provider": return host().providerNames.map { ($0, "provider") }
    case "imagine.wait", "imagine.status", "imagine.delete":
      let jobs = (try? host().submittedJobs()) ?? []
      return jobs.prefix(50).map {
        ($0.id, "\($0.state), \(RelativeTime.text($0.submittedAt)), \($0.prompt)")
      }
    default: return []
    }
  }

  private static func operation(_ path: String) -> MediaOperation? {
    MediaOperation.named(name(path))
  }

  /// The last name of a path such as `imagine.generate` or `photo:crop`.
  private static func name(_ path: String) -> String {
    path.split { $0 == "." || $0 == ":" }.last.map(String.init) ?? path
  }

  private static func line(_ field: Field) -> String {
    switch field.presence {
    case .required: field.summary
    case .optional: "\(field.summary); optional"
    case .defaulted(let value): "\(field.summary); \(value) by default"
    }
  }

  func help(_ topic: String) -> String? { HelpPage.text(topic) }

  func summary(_ topic: String) -> String? { HelpPage.summary(topic) }

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
