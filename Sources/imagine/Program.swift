import ImagineRuns
import ImagineScripting
import ImagineSystem
import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// This program, its environment and its folders.
enum Program {
  /// Path of `imagine-server`: beside this program, unless `IMAGINE_SERVER_PROGRAM` names another.
  static var server: String {
    if let path = environment["IMAGINE_SERVER_PROGRAM"], !path.isEmpty { return path }
    let folder = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
    return "\(folder)/imagine-server"
  }

  /// The host of this process, configured by the environment and `config.toml`; its notices go to
  /// stderr.
  static func makeHost(
    provider: String? = nil, isVerbose: Bool = false, isQuiet: Bool = Program.isQuiet,
    run: RunOptions = RunOptions(), record: String? = nil, replay: String? = nil,
    plans: Bool = false,
    approval: (any SpendingApproval)? = nil
  ) -> ScriptHost {
    var logger = Logger(label: "imagine", factory: { _ in NoticeLog() })
    logger.logLevel = isVerbose ? .debug : isQuiet ? .error : .warning
    var configuration = ScriptHost.Configuration(
      service: .environment(serverProgram: server), environment: environment, logger: logger)
    configuration.home = home
    configuration.provider = provider
    configuration.record = record
    configuration.replay = replay
    configuration.run = run
    configuration.plans = plans
    configuration.ownsProcess = true
    configuration.journalObserver = KillPoint(environment: environment)?.observe
    if !isQuiet {
      configuration.notice = Notice.write
      configuration.progress = progress
    }
    configuration.display = display
    configuration.approval = approval
    return ScriptHost(configuration)
  }

  /// Nil where stderr is no terminal.
  static let progress = ProgressLine(environment: environment)

  /// Whether the environment turns notices and progress off; errors are always printed.
  static var isQuiet: Bool { !["", "0"].contains(environment["IMAGINE_QUIET"] ?? "") }

  /// Where `image:show()` shows images.
  static let display = TerminalDisplay(environment: environment)

  /// The folder of assets and the journal, as an absolute path: `imagine runs resume` changes the
  /// working folder.
  private static let home: String = {
    for name in ["IMAGINE_HOME", "XDG_DATA_HOME", "HOME"] where environment[name] != nil {
      guard let value = getenv(name), String(validatingCString: value) == nil else { continue }
      Notice.write("\(name) is not UTF-8, but the journal's path must be")
      exit(EXIT_FAILURE)
    }
    let path = DataFolder.path(environment: environment)
    var folder = ""
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
      defer { free(current) }
      folder = "\(String(cString: current))/"
    }
    // Bytes that are not UTF-8 have been replaced, so this would be another folder.
    guard !"\(folder)\(path)".contains("\u{FFFD}") else {
      Notice.write("cannot keep a journal in \(folder)\(path): the folder's name is not UTF-8")
      exit(1)
    }
    return folder + path
  }()

  /// The working folder, as an absolute path.
  static var folder: String {
    String(fileNameBytes: (FilePath(".").resolved ?? FilePath(".")).bytes)
  }

  /// The environment variables, read once.
  static let environment = Dictionary(
    ProcessEnvironment.variables.map {
      (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
    }, uniquingKeysWith: { first, _ in first })

  /// The path of this program, with links resolved.
  static var path: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    #if canImport(Darwin)
      var count = UInt32(buffer.count)
      var resolved = buffer
      guard _NSGetExecutablePath(&buffer, &count) == 0, realpath(buffer, &resolved) != nil else {
        return CommandLine.arguments[0]
      }
      buffer = resolved
    #else
      guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else {
        return CommandLine.arguments[0]
      }
    #endif
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
