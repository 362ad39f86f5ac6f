public import ImagineAPI
public import ImagineRuns
public import Logging
public import Lua

extension ScriptHost {
  /// Where requests go unless a script names a provider.
  public enum Service: Sendable {
    /// Chosen by the environment and `config.toml`. The path is that of `imagine-server`, for local
    /// work.
    case environment(serverProgram: String)
    /// The built-in engine. The path is that of `imagine-server`.
    case program(String)
    /// An Imagine API at an address that ends in `/v2`, with its token. Without a server program
    /// images cannot be converted.
    case address(String, token: String, serverProgram: String? = nil)
  }

  /// What a host needs to know. Only `service` has no default.
  public struct Configuration: Sendable {
    public var service: Service
    /// The environment variables that select providers and folders.
    public var environment: [String: String]
    /// The folder of the journal and the assets; nil for the one that the environment names.
    public var home: String?
    /// Providers of the program's own, by the names in their profiles. Their calls are limited,
    /// retried and journaled like those of any other.
    public var providers: [any Provider] = []
    /// The default provider; takes precedence over environment and `config.toml`.
    public var provider: String?
    /// The file to record every answer of every provider in. It appears, complete, at
    /// ``ScriptHost/finishRecording(succeeded:)``.
    public var record: String?
    /// The recording that gives every answer, without network, key or server.
    public var replay: String?
    /// Limits, libraries and output of the Lua states of ``ScriptHost/run(_:name:arguments:timeLimit:)``.
    /// The libraries do not confine `imagine.*`, which reads and writes files itself.
    public var lua = LuaConfiguration()
    /// Modules of the program's own, by the names that scripts `require` them by. A module is made
    /// when a script first requires it.
    public var modules: [String: @Sendable (LuaState) throws -> LuaTable] = [:]
    /// Called with each new state, after `imagine` is installed, such as to set global variables.
    public var prepare: (@Sendable (LuaState) throws -> Void)?
    /// Logs each request at level `debug`.
    public var logger: Logger
    /// Receives messages for the user, such as which provider is used and why.
    public var notice: @Sendable (String) -> Void
    /// Displays the progress of jobs; nil to display nothing.
    public var progress: (any JobProgress)?
    /// Shows images of `image:show()`; without it the facts go to `notice`.
    public var display: (any ImageDisplay)?
    /// Decides about calls that cost more than a person has allowed; nil if all may be made.
    public var approval: (any SpendingApproval)?
    /// How the run begins, resumes, and what it may spend.
    public var run = RunOptions()
    /// Whether scripts are only planned: they send nothing, write nothing and wait for nothing.
    public var plans = false
    /// Whether the process belongs to the script alone, as in the program `imagine`: then SIGPIPE
    /// keeps its disposition, which the HTTP library would otherwise ignore. Set false if other
    /// code of the process uses SwiftNIO, which relies on that.
    public var ownsProcess = false
    /// Does what imagine-server does with pixels, in tests.
    package var converter: (any ImageConverter)?
    /// Called with each change of a call after it is in the journal; for tests that kill the
    /// process at a given point.
    public var journalObserver: (@Sendable (JournaledCall) -> Void)?

    /// The file of trusted certificates that the environment names; nil for the system's.
    var certificates: String? {
      environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// - Parameter environment: variables that select providers and folders; empty by default.
    public init(
      service: Service, environment: [String: String] = [:],
      logger: Logger = Logger(label: "imagine")
    ) {
      self.service = service
      self.environment = environment
      self.logger = logger
      notice = { _ in }
    }
  }
}
