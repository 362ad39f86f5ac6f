import Foundation
import Synchronization

/// A connection of its own that waits for notices, on its own thread. It is opened again when it is
/// lost.
final class PostgresListener: Sendable {
  let subscriptions = NoticeSubscriptions()

  init(_ address: PostgresAddress) {
    BlockingThread.run("postgres notices") { [subscriptions] in
      Self.listen(address, subscriptions)
    }
  }

  deinit { subscriptions.close() }

  private static func listen(_ address: PostgresAddress, _ subscriptions: NoticeSubscriptions) {
    var failures = 0.0
    while !subscriptions.isClosed {
      do {
        let connection = try PostgresConnection(address, until: .now + .seconds(10))
        let channels = PostgresNotices.Subject.allCases.map { "LISTEN \($0.rawValue);" }
        _ = try connection.script(channels.joined(), until: .now + .seconds(10))
        failures = 0
        // Whatever happened before is not told.
        PostgresNotices.Subject.allCases.forEach(subscriptions.yield)
        try receive(connection, subscriptions)
      } catch {
        failures = min(failures + 1, 6)
        Thread.sleep(forTimeInterval: .random(in: 0.5...1) * 0.05 * pow(2, failures))
      }
    }
  }

  private static func receive(
    _ connection: PostgresConnection, _ subscriptions: NoticeSubscriptions
  ) throws {
    var lastSign = ContinuousClock.now
    while !subscriptions.isClosed {
      for channel in try connection.notifications(until: .now + .seconds(1)) {
        PostgresNotices.Subject(rawValue: channel).map(subscriptions.yield)
        lastSign = .now
      }
      // A server that went without a word is noticed by a question.
      if ContinuousClock.now - lastSign > .seconds(30) {
        _ = try connection.script("SELECT 1", until: .now + .seconds(5))
        lastSign = .now
      }
    }
  }
}

/// Who wants to hear of what.
final class NoticeSubscriptions: Sendable {
  private struct State {
    var streams: [PostgresNotices.Subject: [Int: AsyncStream<Void>.Continuation]] = [:]
    var count = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  var isClosed: Bool { state.withLock { $0.isClosed } }

  func stream(of subject: PostgresNotices.Subject) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.count += 1
      state.streams[subject, default: [:]][state.count] = continuation
      return state.count
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.streams[subject]?.removeValue(forKey: number) }
    }
    return stream
  }

  func yield(_ subject: PostgresNotices.Subject) {
    for stream in state.withLock({ Array(($0.streams[subject] ?? [:]).values) }) { stream.yield() }
  }

  func close() {
    let streams = state.withLock { state in
      state.isClosed = true
      return state.streams.values.flatMap(\.values)
    }
    for stream in streams { stream.finish() }
  }
}
