import ImagineServer
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Waits for the signals that end the server or make it read its tokens again, and sees to it that
/// an ending ends.
struct Ending: Service {
  /// Seconds that an orderly end may take.
  static let patience: Int64 = 60

  let service: ImagineService
  /// The file of tokens, where there is one.
  let tokens: String?
  let logger: Logger

  /// Returns when the server is to end; from then on the process has only so much time left.
  func run() async throws {
    signals: for await signal in await UnixSignalsSequence(trapping: Self.signals)
      .cancelOnGracefulShutdown()
    {
      switch (signal, tokens) {
      case (.sighup, let path?): await reload(path)
      default: break signals
      }
    }
    let (service, logger) = (service, logger)
    Task.detached {
      await withDiscardingTaskGroup { group in
        group.addTask {
          for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
          if !Task.isCancelled { await Self.endNow(service) }
        }
        group.addTask {
          try? await Task.sleep(for: .seconds(Self.patience))
          logger.error("the server does not end in order and is ended now")
          await Self.endNow(service)
        }
      }
    }
  }

  /// SIGHUP is left alone where whoever started the program wants it ignored, as `nohup` does.
  private static var signals: [UnixSignal] {
    let before = signal(SIGHUP, SIG_IGN)
    let isIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    return [.sigterm, .sigint] + (isIgnored ? [] : [.sighup])
  }

  private func reload(_ path: String) async {
    do {
      try await service.replace(TokenList(file: path))
      logger.notice("read the tokens again", metadata: ["file": .string(path)])
    } catch {
      logger.error(
        "the tokens stay as they were",
        metadata: ["file": .string(path), "cause": .string("\(error)")])
    }
  }

  private static func endNow(_ service: ImagineService) async -> Never {
    await service.abandon()
    _exit(1)
  }
}
