/// What was printed while the prompt was shown and is not on the screen yet. Whole lines appear soon;
/// the rest of a line after a time of silence, with a mark.
struct PendingOutput {
  typealias Instant = ContinuousClock.Instant

  static let silence: Duration = .milliseconds(100)
  static let interval: Duration = .milliseconds(33)

  private var bytes: [UInt8] = []
  private var lastArrival: Instant?
  private var lastShown: Instant?

  var isEmpty: Bool { bytes.isEmpty }

  mutating func add(_ new: [UInt8], at now: Instant) {
    guard !new.isEmpty else { return }
    bytes += new
    lastArrival = now
  }

  /// When ``take(at:)`` has something; nil if nothing waits.
  var deadline: Instant? {
    guard !bytes.isEmpty, let lastArrival else { return nil }
    let soonest = lastShown.map { $0 + Self.interval } ?? lastArrival
    return bytes.contains(UInt8(ascii: "\n"))
      ? max(soonest, lastArrival) : max(soonest, lastArrival + Self.silence)
  }

  /// Takes what shall be shown now.
  mutating func take(at now: Instant) -> [UInt8] {
    guard let deadline, deadline <= now else { return [] }
    lastShown = now
    if let end = bytes.lastIndex(of: UInt8(ascii: "\n")) {
      let lines = Array(bytes[...end])
      bytes.removeSubrange(...end)
      return lines
    }
    return takeAll()
  }

  /// Takes everything; a line without an end gets a dim mark.
  mutating func takeAll() -> [UInt8] {
    defer { bytes = [] }
    guard let last = bytes.last, last != UInt8(ascii: "\n") else { return bytes }
    return bytes + Array("\u{1b}[m\u{1b}[2m⏎\u{1b}[m\n".utf8)
  }
}
