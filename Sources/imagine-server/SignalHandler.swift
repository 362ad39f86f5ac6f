import ImagineServer
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Handles signals: shuts the server down, or reloads its tokens. Bounds the time of a shutdown.
struct SignalHandler: Service {
  /// Time limit of an orderly shutdown, in seconds.
  static let shutdownSeconds: Int64 = 60

  let service: ImagineService
  /// Path of the token file, if there is one.
  let tokens: String?
  let logger: Logger

  /// Returns when the server must shut down. Starts the shutdown's time limit, and exits at once on a
  /// second signal.
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
          if !Task.isCancelled { await Self.exitNow(service) }
        }
        group.addTask {
          try? await Task.sleep(for: .seconds(Self.shutdownSeconds))
          logger.error("the shutdown takes too long; exiting now")
          await Self.exitNow(service)
        }
      }
    }
  }

  /// Without SIGHUP if the parent process ignores it, as `nohup` does.
  private static var signals: [UnixSignal] {
    let previous = signal(SIGHUP, SIG_IGN)
    let isIgnored = unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    return [.sigterm, .sigint] + (isIgnored ? [] : [.sighup])
  }

  private func reload(_ path: String) async {
    do {
      try await service.replace(TokenList(file: path))
      logger.notice("reloaded the tokens", metadata: ["file": .string(path)])
    } catch {
      logger.error(
        "the tokens were not reloaded",
        metadata: ["file": .string(path), "cause": .string("\(error)")])
    }
  }

  private static func exitNow(_ service: ImagineService) async -> Never {
    await service.abortShutdown()
    _exit(1)
  }
}
