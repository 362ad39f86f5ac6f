import ImagineAPI
import ImagineSystem

/// The program of engine children, and what it is given.
public struct EngineProgram: Sendable {
  /// The program's path.
  public var path: String
  public var arguments: [String]
  /// The variables of this process of which children get those that they need; never a key.
  public var environment: [String: String]

  public init(path: String, arguments: [String], environment: [String: String]) {
    self.path = path
    self.arguments = arguments
    self.environment = environment.filter { Self.inherited.contains($0.key) }
    // With a heap for each thread, a third more memory is kept after each picture.
    self.environment["GLIBC_TUNABLES"] = "glibc.malloc.arena_max=2"
  }

  private static let inherited = [
    "ASAN_OPTIONS", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE",
    "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PATH", "TSAN_OPTIONS", "TZ",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
  ]

  /// Whether the system keeps children from all files that they do not need.
  public static var isConfined: Bool { Confinement.isAvailable }

  /// What a child may use: programs, libraries, fonts, and the folder of its call.
  ///
  /// - Throws: ``EngineError/resourceMissing(_:)`` if the system has no room for the rules.
  func confinement(folder: String?) throws -> Confinement {
    let home = environment["HOME"] ?? ""
    func place(_ variable: String, or standard: String) -> String {
      environment[variable] ?? "\(home)/\(standard)"
    }
    let data = place("XDG_DATA_HOME", or: ".local/share")
    let fonts =
      [
        "/etc/fonts", "/usr/share", "/usr/local/share", "/var/cache/fontconfig", "\(home)/.fonts",
        "\(data)/fonts", place("XDG_CONFIG_HOME", or: ".config") + "/fontconfig",
        place("XDG_CACHE_HOME", or: ".cache") + "/fontconfig",
      ] + [environment["FONTCONFIG_FILE"], environment["FONTCONFIG_PATH"]].compactMap(\.self)
    let programs =
      ["ffmpeg", "ffprobe"].compactMap { CommandProcess.path(of: $0, inPATH: environment["PATH"]) }
      + (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init)
    do {
      return try Confinement(
        readable: fonts.filter { $0.hasPrefix("/") },
        runnable: [path, "/bin", "/lib", "/lib64", "/usr"] + programs.filter { $0.hasPrefix("/") },
        writable: folder.map { [$0] } ?? [])
    } catch {
      throw EngineError.resourceMissing(error.message)
    }
  }
}

/// An engine in a process of its own, which does one call at a time.
final class EngineChild: Sendable {
  /// The process ended, or sent nonsense.
  struct Died: Error {
    /// What it wrote last.
    let lastWords: String
  }

  private let process: ConfinedProcess

  /// - Throws: ``EngineError/resourceMissing(_:)`` if no process can be started.
  init(_ program: EngineProgram, _ confinement: Confinement) throws {
    do {
      process = try ConfinedProcess(
        program: program.path, arguments: program.arguments, environment: program.environment,
        confinement)
    } catch {
      throw EngineError.resourceMissing(
        "no process for the call could be started: \(error.message)")
    }
  }

  var id: Int32 { process.id }

  /// Bytes of its data; nil if the system does not tell.
  var dataBytes: Int? { process.dataBytes }

  /// Whether it waits for a call.
  var isIdle: Bool { !process.socket.isClosedOrReadable }

  /// Kills it with what it has started.
  func end() { process.kill() }

  /// Sends a call and waits for its result.
  ///
  /// - Parameter maxBytes: of the result's image.
  /// - Throws: the engine's errors; ``Died``; ``EngineControl/Stop``, after which the child still
  ///   computes.
  func perform(
    _ request: EngineRequest, images: [[UInt8]], maxBytes: Int, _ control: EngineControl
  ) throws -> (EngineResult, bytes: [UInt8]) {
    do {
      try process.socket.send(head: request.encodedHead(), files: images, check: control.check)
      while true {
        let frame = try process.socket.receive(maxFileBytes: maxBytes, check: control.check)
        switch try EngineReply(head: frame.head) {
        // Most calls report none: then the caller's own report stands.
        case .progress(let part):
          if part > 0 { try control.report(min(part, 1)) } else { try control.check() }
        case .finished(let result): return (result, frame.files)
        case .failed(let error): throw error
        }
      }
    } catch let error as EngineError {
      throw error
    } catch let stop as EngineControl.Stop {
      throw stop
    } catch {
      // Its last words come before its end.
      process.kill()
      throw Died(lastWords: process.lastErrors())
    }
  }
}
