import ImagineAPI
import ImagineProviders
import ImagineSystem
import Logging

/// Reads a settings file with all that it names, and asks its upstreams and its bucket what costs
/// nothing.
public struct ServerCheck: Sendable {
  /// The result of one check, as a line.
  public struct Finding: Sendable, CustomStringConvertible {
    /// What was checked: a file, or an upstream by its name.
    public var subject: String
    public var isProblem: Bool
    public var detail: String

    public init(subject: String, isProblem: Bool, detail: String) {
      self.subject = subject
      self.isProblem = isProblem
      self.detail = detail
    }

    public var description: String {
      "\(isProblem ? "problem" : "fine")\t\(subject)\t\(detail.printable)"
    }
  }

  private let file: String
  private let environment: [String: String]
  private let logger = Logger(label: "imagine-server") { _ in SwiftLogNoOpLogHandler() }

  public init(file: String, environment: [String: String]) {
    self.file = file
    self.environment = environment
  }

  public func findings() async -> [Finding] {
    let settings: ServerSettings
    do {
      settings = try ServerSettings(file: file)
    } catch {
      return [Finding(subject: file, isProblem: true, detail: error.message)]
    }
    let count = settings.upstreams.count
    var findings = [
      Finding(
        subject: file, isProblem: false, detail: count == 1 ? "1 upstream" : "\(count) upstreams")
    ]
    if let tokens = settings.tokensFile { findings.append(tokensFinding(tokens)) }
    findings += aliasFindings(settings) + secretFindings(settings)
    if let objects = settings.objects {
      findings.append(
        await ObjectCheck(settings: objects, environment: environment, logger: logger).finding())
    }
    await withTaskGroup(of: (Int, Finding).self) { group in
      for (index, description) in settings.upstreams.enumerated() {
        group.addTask { (index, await finding(description)) }
      }
      var found: [(Int, Finding)] = []
      for await next in group { found.append(next) }
      findings += found.sorted { $0.0 < $1.0 }.map(\.1)
    }
    return findings
  }

  private func tokensFinding(_ path: String) -> Finding {
    do throws(SettingsError) {
      let count = try TokenList(file: path).entries.count
      return Finding(subject: path, isProblem: false, detail: "tokens: \(count)")
    } catch {
      return Finding(subject: path, isProblem: true, detail: error.description)
    }
  }

  private func secretFindings(_ settings: ServerSettings) -> [Finding] {
    var findings: [Finding] = []
    do throws(SettingsError) {
      if let certificate = settings.tlsCertificate, let key = settings.tlsKey {
        _ = try ServerCertificate(CertificateFiles(certificate: certificate, key: key))
      }
    } catch {
      findings.append(
        Finding(subject: "tls_certificate", isProblem: true, detail: error.description))
    }
    do throws(SettingsError) {
      if let path = settings.metricsTokenFile { _ = try AdministratorAccess(tokenFile: path) }
    } catch {
      findings.append(
        Finding(subject: "metrics_token_file", isProblem: true, detail: error.description))
    }
    return findings
  }

  private func aliasFindings(_ settings: ServerSettings) -> [Finding] {
    var configuration = ServiceConfiguration(
      address: .tcp(host: "", port: 0), authentication: .anyToken, limits: Limits(cores: 1))
    configuration.upstreams = settings.upstreams
    configuration.modelAliases = settings.modelAliases
    return configuration.unknownAlias.map { alias in
      [
        Finding(
          subject: "model_aliases.\(alias.name)", isProblem: true,
          detail: "there is no model '\(alias.model)' (models: "
            + configuration.models.joined(separator: ", ") + ")")
      ]
    } ?? []
  }

  private func finding(_ description: UpstreamDescription) async -> Finding {
    do throws(ImagineError) {
      let upstreams = try CurrentUpstreams(
        [description], limits: Limits(cores: 1), environment: environment, home: "/nonexistent",
        logger: logger)
      guard let upstream = upstreams.all.first else { return problem(description, "") }
      return await finding(upstream)
    } catch {
      return problem(description, error.message)
    }
  }

  private func finding(_ upstream: Upstream) async -> Finding {
    let (provider, description) = (upstream.provider, upstream.description)
    if description.provider.kind == .command {
      let missing = Set(upstream.operations.map(\.path)).sorted().filter {
        CommandProcess.path(of: $0, inPATH: environment["PATH"]) == nil
      }
      return missing.isEmpty
        ? fine(description, "its programs are there")
        : problem(description, "not found: \(missing.joined(separator: ", "))")
    }
    let context = CallContext(CallOptions(timeout: 20), store: AnswerStore())
    do {
      if let listed = try await provider.models(context) {
        return finding(description, listed.filter { $0.role == .model })
      }
    } catch {
      return problem(description, (error as? ImagineError)?.message ?? "\(error)")
    }
    guard upstream.operations.contains(where: { $0.answer == .job }) else {
      return fine(description, "it lists no models, and every other question costs something")
    }
    if let fault = await provider.faultOfUnknownJob(context) {
      return problem(description, fault.message)
    }
    return fine(description, "it answers and accepts the token")
  }

  /// Whether an upstream has the models that it stands for.
  private func finding(_ description: UpstreamDescription, _ listed: [ListedModel]) -> Finding {
    let models = listed.map(\.id)
    let list = "models: \(models.prefix(20).joined(separator: ", "))"
    let answer = models.isEmpty ? "it answers and lists no models" : "it answers; \(list)"
    let wanted = description.provider.model.map { [$0] } ?? description.models
    guard !models.isEmpty,
      let missing = wanted.first(where: { name in
        !listed.contains { $0.isNamed(name) }
      })
    else { return fine(description, answer) }
    return problem(description, "it has no model '\(missing)'; \(list)")
  }

  private func fine(_ description: UpstreamDescription, _ detail: String) -> Finding {
    Finding(subject: description.name, isProblem: false, detail: detail)
  }

  private func problem(_ description: UpstreamDescription, _ detail: String) -> Finding {
    Finding(subject: description.name, isProblem: true, detail: detail)
  }
}
