import ImagineAPI
import ImagineREPL
import ImagineRuns
import ImagineScripting
import Lua
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A line at the bottom of the terminal with what a script waits for: calls and jobs, the time, how
/// many are done, the money, and the time left.
///
/// It is drawn only while the Lua thread sleeps and erased when it wakes, so that it never mixes with
/// what the script prints.
final class ProgressLine: JobProgress {
  typealias Instant = ContinuousClock.Instant

  /// Nothing is shown of a shorter wait.
  private static let patience: Duration = .milliseconds(700)
  private static let interval: Duration = .milliseconds(200)
  /// The line is not drawn again sooner, so that many short calls cost nothing.
  private static let shortestView: Duration = .milliseconds(20)

  private struct State {
    var tally = ProgressTally()
    var isAsleep = false
    var isShown = false
    var isTicking = false
    var isWatching = false
    var isPaused = false
    var drawnAt: Instant?
  }

  private let state = Mutex(State())

  /// Nil if stderr is not a terminal that can erase a line.
  init?(environment: [String: String]) {
    guard isatty(STDERR_FILENO) == 1, !["", "dumb"].contains(environment["TERM"] ?? "") else {
      return nil
    }
  }

  /// Shows the calls of a host whose scripts run in a state. On the Lua thread.
  func watch(_ host: ScriptHost, in lua: LuaState) {
    lua.observeSleep { [self] sleeps in
      // A script that waits for nothing costs nothing. A call that began earlier is met when it is
      // sent.
      let isFirst = state.withLock { state in
        defer { state.isWatching = true }
        return !state.isWatching
      }
      if isFirst { listen(to: host.events) }
      threadSleeps(sleeps)
    }
  }

  private func listen(to events: AsyncStream<WorkflowEvent>) {
    Task.detached { [self] in
      for await event in events { note { $0.note(event) } }
    }
  }

  func began(_ job: String, at instant: Instant) { note { $0.began(job, at: instant) } }
  func updated(_ job: String, _ status: JobStatus) { note { $0.updated(job, status) } }
  func ended(_ job: String) { note { $0.ended(job) } }

  /// Says how far a list of items is, in place of the calls.
  func items(done: Int, failed: Int, of total: Int) {
    let items = ProgressTally.Items(done: done, failed: failed, total: total)
    state.withLock { $0.tally.items = items }
  }

  private func note(_ change: (inout ProgressTally) -> Void) {
    let begins = state.withLock { state in
      change(&state.tally)
      defer { state.isTicking = state.isTicking || !state.tally.isEmpty }
      return !state.isTicking && !state.tally.isEmpty
    }
    if begins { Task.detached { [self] in await tick() } }
  }

  /// Redraws while something is under way.
  private func tick() async {
    while true {
      try? await Task.sleep(for: Self.interval)
      let isOver = state.withLock { state in
        state.isTicking = !state.tally.isEmpty
        if state.isTicking { draw(&state) } else { erase(&state) }
        return !state.isTicking
      }
      if isOver { return }
    }
  }

  private func threadSleeps(_ sleeps: Bool) {
    state.withLock { state in
      state.isAsleep = sleeps
      if !sleeps { return erase(&state) }
      // What was shown before the thread woke for a moment comes back at once.
      guard let drawnAt = state.drawnAt, Instant.now - drawnAt > Self.shortestView else { return }
      draw(&state)
    }
  }

  /// Shows nothing until ``goOn()``: a question has the last line.
  func pause() {
    state.withLock { state in
      state.isPaused = true
      erase(&state)
    }
  }

  func goOn() { state.withLock { $0.isPaused = false } }

  /// Makes room for a message.
  func makeRoom() { state.withLock { erase(&$0) } }

  private func draw(_ state: inout State) {
    let now = Instant.now
    guard state.isAsleep, !state.isPaused, let began = state.tally.began,
      now - began > Self.patience,
      isatty(STDERR_FILENO) == 1, let text = state.tally.text(at: now)
    else { return }
    let line = TerminalText.fitted(text.inOneLine, to: TerminalSize().columns - 1)
    Notice.writeBytes("\r\u{1B}[K\(line)")
    (state.isShown, state.drawnAt) = (true, now)
  }

  private func erase(_ state: inout State) {
    guard state.isShown else { return }
    Notice.writeBytes("\r\u{1B}[K")
    state.isShown = false
  }
}

/// What is under way and what is done.
struct ProgressTally {
  typealias Instant = ContinuousClock.Instant

  private struct Work {
    var began: Instant
    var title: String
    var share: Double?
  }

  /// A list that is worked through, each item with a call or several.
  struct Items {
    var done: Int
    var failed: Int
    var total: Int
  }

  /// Nil if what is under way is no list, or one of a single item.
  var items: Items? { didSet { if items?.total == 1 { items = nil } } }
  private var calls: [CallKey: Work] = [:]
  private var jobs: [String: Work] = [:]
  private var done = 0
  private var failed = 0
  /// Millionths of each unit.
  private var spent: [String: Int64] = [:]
  /// When the first of the calls began.
  private var firstBegan: Instant?

  var isEmpty: Bool { calls.isEmpty && jobs.isEmpty }

  /// When the oldest of what is under way began.
  var began: Instant? { (calls.values.map(\.began) + jobs.values.map(\.began)).min() }

  mutating func note(_ event: WorkflowEvent, at now: Instant = .now) {
    switch event {
    case .call(let call): note(call, at: now)
    case .progress(let share, let call): calls[call.key]?.share = share
    case .job, .notice: break
    }
  }

  private mutating func note(_ call: JournaledCall, at now: Instant) {
    switch call.state {
    case .intent, .sent: begin(call, at: now)
    // A submitted job goes on without its call; images are still to be downloaded.
    case .accepted where call.job == nil: begin(call, at: now)
    case .accepted, .stored, .done:
      guard calls.removeValue(forKey: call.key) != nil else { return }
      done += 1
      if let cost = call.cost { spent[cost.unit, default: 0] += cost.millionths }
    case .failed:
      if calls.removeValue(forKey: call.key) != nil { failed += 1 }
    }
  }

  private mutating func begin(_ call: JournaledCall, at now: Instant) {
    guard calls[call.key] == nil else { return }
    if calls.isEmpty, done == 0 { firstBegan = now }
    let prompt = call.request.prompt.map { " \"\($0.prefix(40))\"" } ?? ""
    calls[call.key] = Work(
      began: now, title: "\(call.request.operation)\(prompt) at \(call.provider)")
  }

  mutating func began(_ job: String, at instant: Instant) {
    jobs[job] = Work(began: instant, title: "job \(job.prefix(8)) requested")
  }

  mutating func updated(_ job: String, _ status: JobStatus) {
    jobs[job]?.title = "job \(job.prefix(8)) \(status.state.rawValue)"
    jobs[job]?.share = status.progress
  }

  mutating func ended(_ job: String) { jobs[job] = nil }

  // MARK: The text

  /// Nil if nothing is under way.
  func text(at now: Instant) -> String? {
    var parts = jobs.values.sorted { $0.began < $1.began }.map { Self.text($0, at: now) }
    if items == nil, calls.count == 1, done + failed == 0, let only = calls.values.first {
      parts.insert(Self.text(only, at: now), at: 0)
    } else if !calls.isEmpty {
      parts.insert(summary(at: now), at: 0)
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private func summary(at now: Instant) -> String {
    var parts = [
      items.map { "\($0.done) of \($0.total) done" }
        ?? "\(done) of \(done + failed + calls.count) calls done"
    ]
    let failures = items?.failed ?? failed
    if failures > 0 { parts.append("\(failures) failed") }
    let seconds = firstBegan.map { (now - $0) / .seconds(1) } ?? 0
    if done > 0, seconds > 0 {
      let rate = Double(done) / seconds
      parts.append(
        rate >= 1 ? "\(Int(rate.rounded()))/s" : "\(Int((rate * 60).rounded(.up)))/min")
      parts += spent.sorted { $0.key < $1.key }.filter { $0.value != 0 }
        .map { Price(millionths: $0.value, unit: $0.key).description }
      let left = items.map { $0.total - $0.done - $0.failed } ?? calls.count
      if done > 1, left > 1 {
        parts.append("about \(Self.time(Double(left) / rate)) left")
      }
    }
    return parts.joined(separator: ", ") + ", \(Self.time(seconds))"
  }

  private static func text(_ work: Work, at now: Instant) -> String {
    // A service may report any number.
    let bar = work.share.map { share in
      let part = min(max(0, share.isNaN ? 0 : share), 1)
      let filled = Int(part * 16)
      return " [\(String(repeating: "#", count: filled))"
        + "\(String(repeating: "-", count: 16 - filled))] \(Int(part * 100)) %"
    }
    return "\(work.title)\(bar ?? ""), \(time((now - work.began) / .seconds(1)))"
  }

  private static func time(_ seconds: Double) -> String {
    let seconds = Int(min(max(0, seconds), 1e9))
    return seconds < 100 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
  }
}

extension JobStatus {
  /// The progress in words, such as `40 %`; nil if it is not known. Clamped, because a recording
  /// may contain any number.
  var share: String? {
    progress.map { "\(Int(min(max(0, $0), 1) * 100)) %" }
  }
}
