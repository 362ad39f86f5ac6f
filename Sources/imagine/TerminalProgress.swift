import ImagineScripting
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One line at the bottom of the terminal that tells how far the awaited jobs are.
final class TerminalProgress: JobProgress {
  private struct Bar {
    let began: ContinuousClock.Instant
    var status: JobStatus?
  }

  private let bars = Mutex<[String: Bar]>([:])

  /// Nil where nobody looks, or the terminal cannot erase a line.
  init?(environment: [String: String]) {
    guard isatty(STDERR_FILENO) == 1, !["", "dumb"].contains(environment["TERM"] ?? "") else {
      return nil
    }
  }

  func began(_ job: String, at instant: ContinuousClock.Instant) {
    bars.withLock { $0[job] = Bar(began: instant) }
  }

  func moved(_ job: String, _ status: JobStatus) {
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

  /// Draws over the line that was there; an empty one where nothing is awaited.
  private func draw(_ bars: [String: Bar]) {
    let parts = bars.sorted { $0.value.began < $1.value.began }.map { job, bar in
      let seconds = Int((ContinuousClock.now - bar.began) / .seconds(1))
      let share = bar.status?.share.map { " \($0)" } ?? ""
      let state = bar.status?.state.rawValue ?? "asked for"
      return "video \(String(job.prefix(8)).printable): \(state)\(share), \(seconds) s"
    }
    Notice.writeRaw("\r\u{1B}[K\(parts.joined(separator: "; "))")
  }
}

extension JobStatus {
  /// The part done in words, such as `40 %`; nil where nobody tells. It may come from a recording,
  /// which is anybody's file.
  var share: String? {
    progress.map { "\(Int(min(max(0, $0), 1) * 100)) %" }
  }
}
