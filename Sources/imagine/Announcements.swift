import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineSystem

/// What earlier work has left, told once: runs whose script did not end, and jobs that nobody has
/// waited for.
struct Announcements {
  let host: ScriptHost
  let environment: [String: String]

  /// The lines for what was not told before. Remembers it.
  func take() -> [String] {
    let found = runs() + jobs()
    let file = file
    let text =
      file.flatMap { try? FileReader($0).all() }
      .map { String(decoding: $0, as: UTF8.self) } ?? ""
    let known = Set(text.split(separator: "\n").map(String.init))
    let new = found.filter { !known.contains($0.key) }
    let keys = found.map(\.key)
    if let file, Set(keys) != known {
      // Best effort: what cannot be remembered is told again.
      try? file.write(Array(keys.map { "\($0)\n" }.joined().utf8), replacing: true)
    }
    return new.map(\.line)
  }

  private var file: FilePath? {
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
      return FilePath("\(folder)/imagine/announced")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return FilePath("\(home)/.local/state/imagine/announced")
  }

  private func runs() -> [(key: String, line: String)] {
    let runs = (try? host.runs()) ?? []
    return runs.filter { summary in
      summary.run.state != .finished && !summary.isAlive && summary.hasPaidCalls
        && summary.run.script.path != nil
    }.prefix(5).map { summary in
      let id = summary.run.id.prefix(8)
      let calls = summary.answered == 1 ? "1 answer" : "\(summary.answered) answers"
      return (
        "run \(summary.run.id) \(summary.run.attempt)",
        "unfinished run \(id): \(summary.run.script.text.inOneLine), \(calls) kept,"
          + " \(RelativeTime.text(summary.run.startedAt)); imagine runs resume \(id)"
      )
    }
  }

  private func jobs() -> [(key: String, line: String)] {
    let jobs = (try? host.submittedJobs()) ?? []
    return jobs.filter { !(JobState(rawValue: $0.state)?.isFinal ?? false) }.prefix(5).map { job in
      (
        "job \(job.provider) \(job.id)",
        "job \(job.id.inOneLine) at \(job.provider), submitted"
          + " \(RelativeTime.text(job.submittedAt)), was not waited for;"
          + " imagine.wait(\"\(job.id.inOneLine)\")"
      )
    }
  }
}
