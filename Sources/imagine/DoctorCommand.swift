import ArgumentParser
import ImagineREPL
import ImagineScripting

/// `imagine doctor`: checks what a run needs, and says what to do about each problem.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine doctor",
    abstract: "Checks the provider in use, its token, the server, and what else a run needs.")

  @Option(help: "Check this provider instead of the default one.")
  var provider: String?

  @Option(help: "Look for a server of your own at this port of the machine too.")
  var port: [Int] = []

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let wrong = port.first(where: { !(1...65535).contains($0) }) {
      throw ValidationError("--port: \(wrong) is no port (expected 1 to 65535)")
    }
  }

  func run() async throws {
    let host = Program.makeHost(provider: provider)
    defer { host.close() }
    let findings = await host.diagnose(alsoAt: port)
    if json {
      try JSONOutput.print(findings)
    } else {
      let width =
        Listing.isForTerminal
        ? findings.map { TerminalText.columns(of: $0.subject) }.max() ?? 0 : 0
      for finding in findings {
        let gap = String(
          repeating: " ", count: max(0, width - TerminalText.columns(of: finding.subject)))
        let line = "\(Self.mark(finding.verdict)) \(finding.subject): \(gap)\(finding.detail)"
        try Output.line(line.printable)
        if let advice = finding.advice { try Output.line("        \(advice)".printable) }
        for line in finding.configuration ?? [] { try Output.line("          \(line)".printable) }
      }
    }
    if findings.contains(where: { $0.verdict == .problem }) { throw ExitCode.failure }
  }

  private static func mark(_ verdict: Finding.Verdict) -> String {
    switch verdict {
    case .fine: "ok     "
    case .note: "note   "
    case .problem: "PROBLEM"
    }
  }
}
