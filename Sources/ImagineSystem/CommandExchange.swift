import CProcess
import ImagineAPI
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What goes to a program and comes from it while it runs: input, output, and its end.
///
/// `@unchecked Sendable`: `run` uses all but `state`, once; its caller reads what was kept after that.
final class CommandExchange: @unchecked Sendable {
  /// What is known at the end.
  enum End {
    case ended(imagine_command_report)
    /// The deadline has passed first.
    case late
    /// The supervisor has gone without a report.
    case lost
  }

  private struct State {
    var isCancelled = false
    /// While the program runs.
    var control: Int32?
  }

  let hasStreams: Bool
  private var input: ArraySlice<UInt8>
  /// Nil to keep only the end of standard error.
  private let willKeep: (@Sendable (Int) throws -> Void)?
  private(set) var output: [UInt8] = []
  private(set) var errors: [UInt8] = []
  private let state = Mutex(State())

  private static let maxTailBytes = 4096

  /// Without streams: only the end of standard error is kept.
  init() {
    hasStreams = false
    input = []
    willKeep = nil
  }

  init(input: [UInt8], willKeep: @escaping @Sendable (Int) throws -> Void) {
    hasStreams = true
    self.input = input[...]
    self.willKeep = willKeep
  }

  /// Kills the program, now or when it starts.
  func cancel() {
    state.withLock { state in
      state.isCancelled = true
      if let control = state.control { shutdown(control, Int32(SHUT_RDWR)) }
    }
  }

  /// Exchanges everything until the program ends, and closes the descriptors, which kills what still
  /// runs.
  ///
  /// - Throws: `CancellationError`; what `willKeep` throws.
  func run(_ ends: imagine_command_ends, by deadline: Deadline?) throws -> End {
    state.withLock { state in
      state.control = ends.control
      if state.isCancelled { shutdown(ends.control, Int32(SHUT_RDWR)) }
    }
    var streams = (input: ends.input, output: ends.output, errors: ends.errors)
    defer {
      state.withLock { $0.control = nil }
      for descriptor in [ends.control, streams.input, streams.output, streams.errors]
      where descriptor >= 0 { close(descriptor) }
    }
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // What has left the program's group may go on writing.
      if state.withLock({ $0.isCancelled }) { throw CancellationError() }
      if input.isEmpty { close(&streams.input) }
      var descriptors = [
        pollfd(fd: streams.errors, events: Int16(POLLIN), revents: 0),
        pollfd(fd: streams.output, events: Int16(POLLIN), revents: 0),
        pollfd(fd: ends.control, events: Int16(POLLIN), revents: 0),
        pollfd(fd: streams.input, events: Int16(POLLOUT), revents: 0),
      ]
      let left = deadline.map { Int32(min($0.remaining * 1000, 60_000).rounded(.up)) } ?? 60_000
      if left <= 0 { return .late }
      if systemPoll(&descriptors, nfds_t(descriptors.count), left) < 0 {
        if errno == EINTR { continue }
        return .lost
      }
      // All that it wrote comes before its end. What it has started may hold the pipes open.
      if descriptors[0].revents != 0 || descriptors[1].revents != 0 {
        if descriptors[0].revents != 0 { try read(&streams.errors, &piece, into: \.errors) }
        if descriptors[1].revents != 0 { try read(&streams.output, &piece, into: \.output) }
      } else if descriptors[2].revents != 0 {
        if state.withLock({ $0.isCancelled }) { continue }
        return report(from: ends.control)
      }
      if descriptors[3].revents != 0 { write(to: &streams.input) }
    }
  }

  private func report(from control: Int32) -> End {
    var report = imagine_command_report()
    let size = MemoryLayout<imagine_command_report>.size
    return systemRead(control, &report, size) == size ? .ended(report) : .lost
  }

  private func read(
    _ descriptor: inout Int32, _ piece: inout [UInt8],
    into kept: ReferenceWritableKeyPath<CommandExchange, [UInt8]>
  ) throws {
    let count = systemRead(descriptor, &piece, piece.count)
    if count < 0, errno == EINTR { return }
    guard count > 0 else { return close(&descriptor) }
    if let willKeep {
      try willKeep(count)
      self[keyPath: kept].append(contentsOf: piece[..<count])
    } else {
      self[keyPath: kept].append(contentsOf: piece[..<count])
      self[keyPath: kept].removeFirst(max(0, self[keyPath: kept].count - Self.maxTailBytes))
    }
  }

  /// Writes as much of the input as the pipe takes. A program need not read all of it.
  private func write(to descriptor: inout Int32) {
    let count = input.withUnsafeBytes {
      imagine_write_pipe(descriptor, $0.baseAddress, $0.count)
    }
    if count > 0 {
      input = input.dropFirst(count)
    } else if errno != EAGAIN, errno != EINTR {
      input = []
    }
  }

  private func close(_ descriptor: inout Int32) {
    if descriptor >= 0 { _ = systemClose(descriptor) }
    descriptor = -1
  }

  private func close(_ descriptor: Int32) { _ = systemClose(descriptor) }
}
