import Dispatch
public import ImagineAPI
import ImagineSystem
import Synchronization

/// The program of an engine child: does the calls that come on its standard input, a socket, one
/// after another, until that is closed.
///
/// It holds no key. It has been confined before its first instruction, by ``EngineProgram``.
public struct EngineChildProgram: Sendable {
  private let engine: any Engine
  private let limitThreads: @Sendable (Int) -> Void
  private let releaseMemory: @Sendable (Int) -> Void
  private let socket = FrameSocket(0)
  private let work = Work()

  /// Milliseconds between two reports of progress.
  private static let progressMilliseconds: Int32 = 100
  /// Milliseconds without a call after which no freed memory is kept.
  private static let idleMilliseconds: Int32 = 500
  /// Bytes of freed memory that are kept for the next call.
  private static let keptBytes = 96 << 20

  /// - Parameters:
  ///   - limitThreads: sets how many threads the engine uses for a call.
  ///   - releaseMemory: gives freed memory back to the system if it is more than so many bytes.
  public init(
    engine: any Engine, limitThreads: @escaping @Sendable (Int) -> Void,
    releaseMemory: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.engine = engine
    self.limitThreads = limitThreads
    self.releaseMemory = releaseMemory
  }

  /// Works until the server closes the socket or dies.
  public func run() -> Never {
    ConfinedSelf.endWithGroup()
    let worker = DispatchQueue(label: "imagine.engine")
    var hasMemory = true
    while true {
      let wait =
        work.isRunning ? Self.progressMilliseconds : hasMemory ? Self.idleMilliseconds : -1
      guard socket.isReady(within: wait) else {
        if work.isRunning {
          work.report { reply($0) }
        } else if wait == Self.idleMilliseconds {
          releaseMemory(0)
          hasMemory = false
        }
        continue
      }
      hasMemory = true
      // During a call nothing is sent here: the socket was closed.
      guard !work.isRunning,
        let frame = try? socket.receive(maxFileBytes: .max, check: {}),
        let request = try? EngineRequest(head: frame.head),
        let images = Self.images(in: frame.files, request.imageBytes)
      else { ConfinedSelf.end() }
      ConfinedSelf.limitData(to: request.dataBytes)
      limitThreads(request.threads)
      let control = EngineControl(keepsProgramsInGroup: true)
      work.begin(control)
      worker.async {
        let (answer, bytes) = perform(request.call, images, control)
        releaseMemory(Self.keptBytes)
        work.end { reply(answer, bytes) }
      }
    }
  }

  private func perform(
    _ call: EngineCall, _ images: [[UInt8]], _ control: EngineControl
  ) -> (EngineReply, [UInt8]) {
    do {
      let (result, bytes) = try call.perform(on: engine, images: images, control)
      return (.finished(result), bytes)
    } catch let error as EngineError {
      return (.failed(error.lackOfMemory ?? error), [])
    } catch {
      return (.failed(.failed("\(error)")), [])
    }
  }

  private func reply(_ reply: EngineReply, _ bytes: [UInt8] = []) {
    do {
      try socket.send(head: reply.encodedHead(), files: [bytes], check: {})
    } catch {
      ConfinedSelf.end()
    }
  }

  private static func images(in files: [UInt8], _ counts: [Int]) -> [[UInt8]]? {
    var images: [[UInt8]] = []
    var rest = files[...]
    for count in counts {
      guard count >= 0, count <= rest.count else { return nil }
      images.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return images
  }

  /// The call that runs. Its end and its reports of progress do not mix.
  private final class Work: Sendable {
    private let control = Mutex<EngineControl?>(nil)

    var isRunning: Bool { control.withLock { $0 != nil } }

    func begin(_ control: EngineControl) { self.control.withLock { $0 = control } }

    func report(_ send: (EngineReply) -> Void) {
      control.withLock { control in
        if let control { send(.progress(control.progress)) }
      }
    }

    func end(_ send: () -> Void) {
      control.withLock { control in
        control = nil
        send()
      }
    }
  }
}

extension EngineError {
  /// The error of a call that used more memory than it may; nil for any other.
  ///
  /// The libraries beneath the engine tell it in words alone, and some of them blame the file.
  fileprivate var lackOfMemory: EngineError? {
    switch self {
    case .failed(let reason), .unusable(_, let reason):
      let words = reason.lowercased()
      let isLacking = ["out of memory", "insufficient memory", "allocat"].contains {
        words.contains($0)
      }
      return isLacking
        ? .aborted("the call needs more memory than this server gives it (\(reason))") : nil
    default: return nil
    }
  }
}
