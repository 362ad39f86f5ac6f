import ImagineRuns
import ImagineScripting
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A line at the bottom of the terminal with the progress of the awaited jobs.
final class TerminalProgress: JobProgress {
  private struct Bar {
    let began: ContinuousClock.Instant
    var status: JobStatus?
  }

  private let bars = Mutex<[String: Bar]>([:])

  /// Nil if stderr is not a terminal that can erase a line.
  init?(environment: [String: String]) {
    guard isatty(STDERR_FILENO) == 1, !["", "dumb"].contains(environment["TERM"] ?? "") else {
      return nil
    }
  }

  func began(_ job: String, at instant: ContinuousClock.Instant) {
    bars.withLock { $0[job] = Bar(began: instant) }
  }

  func updated(_ job: String, _ status: JobStatus) {
    bars.withLock { bars in
      bars[job]?.status = status
      draw(bars)
    }
  }

  func ended(_ job: String) {
    bars.withLock { bars in
      bars[job] = nil
      draw(bars)
    }
  }

  /// Replaces the line; erases it if no job is awaited.
  private func draw(_ bars: [String: Bar]) {
    let parts = bars.sorted { $0.value.began < $1.value.began }.map { job, bar in
      let seconds = Int((ContinuousClock.now - bar.began) / .seconds(1))
      let share = bar.status?.share.map { " \($0)" } ?? ""
      let state = bar.status?.state.rawValue ?? "requested"
      return "video \(String(job.prefix(8)).printable): \(state)\(share), \(seconds) s"
    }
    Notice.writeRaw("\r\u{1B}[K\(parts.joined(separator: "; "))")
  }
}

extension JobStatus {
  /// The progress in words, such as `40 %`; nil if it is not known. Clamped, because a recording
  /// may contain any number.
  var share: String? {
    progress.map { "\(Int(min(max(0, $0), 1) * 100)) %" }
  }
}
