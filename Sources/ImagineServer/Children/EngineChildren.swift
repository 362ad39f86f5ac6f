import Dispatch
import ImagineAPI
import ImagineSystem
public import Logging
import NIOPosix
import Synchronization

/// The processes that decode and draw, so that the process with accounts and keys need not.
///
/// Each does one call at a time, and all its calls are one account's: a file of a hostile account may
/// have taken it over. One that was stopped, died or grew is replaced; some are started before they
/// are needed. A call with files gets a process of its own that may use their folder and no other.
public final class EngineChildren: Sendable {
  /// How many there are at present, and what became of others.
  public struct Figures: Sendable, Hashable {
    public var busy = 0
    public var idle = 0
    /// Since the server started.
    public var started = 0
    /// How many died during a call, since the server started.
    public var died = 0
  }

  /// A child that waits for a call.
  private struct Idle {
    let child: EngineChild
    /// Whose calls it has done; nil if it has done none.
    let account: String?
  }

  private struct State {
    /// The unused ones first, then the others as they were last used.
    var idle: [Idle] = []
    /// Those that do a call.
    var busy: [ObjectIdentifier: EngineChild] = [:]
    var starting = 0
    var figures = Figures()

    var unused: Int { idle.count { $0.account == nil } }

    /// The child that has worked for an account last, else one that has worked for nobody.
    mutating func takeIdle(for account: String) -> EngineChild? {
      let index =
        idle.lastIndex { $0.account == account } ?? idle.lastIndex { $0.account == nil }
      return index.map { idle.remove(at: $0).child }
    }

    /// Takes the used ones that have waited longest if there are more than so many.
    mutating func takeSurplus(over most: Int) -> EngineChild? {
      guard idle.count - unused > most else { return nil }
      return idle.firstIndex { $0.account != nil }.map { idle.remove(at: $0).child }
    }
  }

  /// Bytes that a child may have besides those of its call.
  private static let reserve = 256 << 20
  /// Bytes beyond which an idle child is replaced, so that enough of the reserve is left.
  private static let maxIdleBytes = 192 << 20

  /// More threads make a call hardly faster.
  private static let maxThreads = 8
  /// Bytes that a thread of the libraries may take.
  private static let threadBytes = 16 << 20
  /// The most children that wait for another call of their account, and the most that wait unused:
  /// each takes memory, on however large a machine.
  private static let maxSpares = 4

  private let program: EngineProgram
  private let cores: Int
  private var spares: Int { min(cores, Self.maxSpares) }
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameter cores: how many threads all calls have together.
  public init(_ program: EngineProgram, cores: Int, logger: Logger) {
    self.program = program
    self.cores = max(1, cores)
    self.logger = logger
    replenish()
  }

  deinit { for idle in state.withLock({ $0.idle }) { idle.child.end() } }

  public var figures: Figures {
    state.withLock { state in
      var figures = state.figures
      figures.idle = state.idle.count
      figures.busy = state.busy.count
      return figures
    }
  }

  /// The ids of the processes that wait for a call.
  var idleProcesses: [Int32] { state.withLock { $0.idle.map(\.child.id) } }

  /// The ids of the processes of calls.
  var busyProcesses: Set<Int32> { state.withLock { Set($0.busy.values.map(\.id)) } }

  /// Does a call in a child. If the child dies, the call is tried once more in a new one, unless the
  /// queue of jobs does so.
  ///
  /// - Parameter memory: the estimate of the call, in bytes.
  /// - Throws: the engine's errors; ``EngineError/aborted(_:)`` if the child died;
  ///   ``EngineControl/Stop``.
  func perform(
    _ call: EngineCall, images: [[UInt8]] = [], memory: Int, _ control: EngineControl
  ) throws -> (EngineResult, bytes: [UInt8]) {
    do {
      return try attempt(call, images, memory, control, fresh: false)
    } catch is EngineChild.Died {
      let words = "the process that made it died"
      try control.check()
      guard !call.isJob else { throw EngineError.aborted(words) }
      do {
        return try attempt(call, images, memory, control, fresh: true)
      } catch is EngineChild.Died {
        throw EngineError.aborted("\(words), twice: the image may be made to do that")
      }
    }
  }

  private func attempt(
    _ call: EngineCall, _ images: [[UInt8]], _ memory: Int, _ control: EngineControl, fresh: Bool
  ) throws -> (EngineResult, bytes: [UInt8]) {
    let child = try child(for: control.account, folder: call.folder, fresh: fresh)
    let calls = state.withLock { state in
      state.busy[ObjectIdentifier(child)] = child
      return state.busy.count
    }
    let threads = min(Self.maxThreads, max(1, cores / calls))
    let request = EngineRequest(
      call: call, imageBytes: images.map(\.count), threads: threads,
      dataBytes: Self.reserve + memory + memory / 2 + threads * Self.threadBytes)
    let user = call.folder == nil ? control.account : nil
    do {
      let answer = try child.perform(
        request, images: images, maxBytes: memory + Self.reserve, control)
      release(child, keptFor: user)
      return answer
    } catch {
      switch error {
      case EngineError.unusable, EngineError.notOffered, EngineError.resourceMissing,
        EngineError.failed:
        release(child, keptFor: user)
      default: discard(child, error)
      }
      throw error
    }
  }

  /// - Parameter fresh: whether it must be a new one.
  private func child(
    for account: String, folder: String?, fresh: Bool
  ) throws -> EngineChild {
    if folder == nil, !fresh {
      while let child = state.withLock({ $0.takeIdle(for: account) }) {
        if child.isIdle { return child }
        child.end()
      }
    }
    return try start(program.confinement(folder: folder))
  }

  /// - Parameter account: whose next call the child may do; nil if it may do none.
  private func release(_ child: EngineChild, keptFor account: String?) {
    let isLarge = child.dataBytes ?? 0 > Self.maxIdleBytes
    let surplus = state.withLock { state -> EngineChild? in
      state.busy[ObjectIdentifier(child)] = nil
      guard let account, !isLarge else { return child }
      state.idle.append(Idle(child: child, account: account))
      return state.takeSurplus(over: spares)
    }
    surplus?.end()
    replenish()
  }

  private func discard(_ child: EngineChild, _ error: any Error) {
    child.end()
    state.withLock { $0.busy[ObjectIdentifier(child)] = nil }
    if let died = error as? EngineChild.Died {
      state.withLock { $0.figures.died += 1 }
      logger.warning(
        "a child died during a call",
        metadata: ["process": .stringConvertible(child.id), "said": .string(died.lastWords)])
    }
    replenish()
  }

  /// Starts children ahead: one for each core without a call, but only a few, and always one that has
  /// worked for nobody.
  private func replenish() {
    let isMissing = state.withLock { state in
      let used = state.idle.count - state.unused
      let isMissing =
        state.unused + state.starting < max(1, spares - state.busy.count - used)
      if isMissing { state.starting += 1 }
      return isMissing
    }
    guard isMissing else { return }
    Self.onLastingThread { [weak self] in
      guard let self else { return }
      let child = try? EngineChild(program, program.confinement(folder: nil))
      state.withLock { state in
        state.starting -= 1
        guard let child else { return }
        state.idle.insert(Idle(child: child, account: nil), at: 0)
        state.figures.started += 1
      }
      if child != nil { replenish() }
    }
  }

  private func start(_ confinement: Confinement) throws -> EngineChild {
    let start = Start()
    Self.onLastingThread { [program] in
      start.end(with: Result { try EngineChild(program, confinement) })
    }
    let child = try start.wait()
    state.withLock { $0.figures.started += 1 }
    return child
  }

  /// A child ends with the thread that starts it, so that is one that never ends.
  private static func onLastingThread(_ work: @escaping @Sendable () -> Void) {
    NIOThreadPool.singleton.submit { _ in work() }
  }

  /// A start on another thread.
  private final class Start: Sendable {
    private let result = Mutex<Result<EngineChild, any Error>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    func end(with result: Result<EngineChild, any Error>) {
      self.result.withLock { $0 = result }
      isDone.signal()
    }

    func wait() throws -> EngineChild {
      isDone.wait()
      guard let result = result.withLock({ $0 }) else {
        throw EngineError.resourceMissing("no process for the image was started")
      }
      return try result.get()
    }
  }
}
