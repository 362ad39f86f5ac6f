import ImagineServer
import ImagineSystem
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Handles signals: shuts the server down, or reloads its files. Bounds the time of a shutdown.
struct SignalHandler: Service {
  /// Time limit of an orderly shutdown, in seconds.
  static let shutdownSeconds: Int64 = 60

  let service: ImagineService
  /// Reads tokens, upstreams and the certificate again; nil if they are in no file.
  let reload: (@Sendable () async throws -> Void)?
  /// Seconds in which the server says that it shuts down, and still answers.
  let drainSeconds: Int
  let logger: Logger

  /// Returns when the server must shut down. Starts the shutdown's time limit, and exits at once on a
  /// second signal.
  func run() async throws {
    signals: for await signal in await UnixSignalsSequence(trapping: Self.signals)
      .cancelOnGracefulShutdown()
    {
      guard signal == .sighup, let reload else { break signals }
      await perform(reload)
    }
    service.beginDraining()
    ServiceManager.notify("STOPPING=1")
    boundShutdown()
    if !Task.isShuttingDownGracefully { try? await Task.sleep(for: .seconds(drainSeconds)) }
  }

  /// Ends the process on a second signal, or if the shutdown takes too long.
  private func boundShutdown() {
    let (service, logger) = (service, logger)
    let seconds = Self.shutdownSeconds + Int64(drainSeconds)
    Task.detached {
      await withDiscardingTaskGroup { group in
        group.addTask {
          for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
          if !Task.isCancelled { await Self.exitNow(service) }
        }
        group.addTask {
          try? await Task.sleep(for: .seconds(seconds))
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

  private func perform(_ reload: @Sendable () async throws -> Void) async {
    do {
      try await reload()
      logger.notice("reloaded the files")
    } catch {
      logger.error(
        "nothing was reloaded: the files cannot be used",
        metadata: ["cause": .string("\(error)")])
    }
  }

  private static func exitNow(_ service: ImagineService) async -> Never {
    await service.abortShutdown()
    _exit(1)
  }
}
