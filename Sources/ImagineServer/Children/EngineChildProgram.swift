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
  private let socket = FrameSocket(0)
  private let work = Work()

  /// Milliseconds between two reports of progress.
  private static let progressMilliseconds: Int32 = 100

  /// - Parameter limitThreads: sets how many threads the engine uses for a call.
  public init(engine: any Engine, limitThreads: @escaping @Sendable (Int) -> Void) {
    self.engine = engine
    self.limitThreads = limitThreads
  }

  /// Works until the server closes the socket or dies.
  public func run() -> Never {
    ConfinedSelf.endWithGroup()
    let worker = DispatchQueue(label: "imagine.engine")
    while true {
      guard socket.isReady(within: work.isRunning ? Self.progressMilliseconds : -1) else {
        work.report { reply($0) }
        continue
      }
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
