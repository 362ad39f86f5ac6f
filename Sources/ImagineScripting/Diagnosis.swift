import HostStore
import ImagineAPI
import ImagineProviders
import ImagineRuns
import ImagineSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The result of one check of `imagine doctor`.
public struct Finding: Sendable, Codable {
  /// How serious it is.
  public enum Verdict: String, Sendable, Codable {
    /// Works.
    case fine
    /// Works, or is not needed, but worth knowing.
    case note
    /// Must be corrected; `imagine doctor` then exits with 1.
    case problem
  }

  /// What was checked, such as `journal` or `provider local`.
  public var subject: String
  public var verdict: Verdict
  /// The result in words.
  public var detail: String
  /// What to do about it; nil if nothing needs doing.
  public var advice: String?
  /// Lines to paste into `config.toml`; nil if there are none.
  public var configuration: [String]?
}

extension ScriptHost {
  /// Checks what a run needs: the selected provider and why it was selected, its token, whether it
  /// answers, the private server, ffmpeg, and the servers of one's own on this machine. Nothing is
  /// billed.
  ///
  /// - Parameter ports: ports of this machine to ask beside the usual ones.
  public func diagnose(alsoAt ports: [Int] = []) async -> [Finding] {
    var findings = [homeFinding, journalFinding, configurationFinding, connectionFinding]
    findings += await providerFindings()
    findings.append(await localServerFinding())
    findings.append(encoderFinding)
    findings += await serverFindings(alsoAt: ports)
    return findings
  }

  private var homeFinding: Finding {
    let manager = FileManager.default
    var folder = home
    while !manager.fileExists(atPath: folder), let slash = folder.lastIndex(of: "/"),
      slash != folder.startIndex
    {
      folder = String(folder[..<slash])
    }
    guard manager.isWritableFile(atPath: folder) else {
      return Finding(
        subject: "home", verdict: .problem, detail: "\(home) cannot be written",
        advice: "set IMAGINE_HOME to a folder of yours")
    }
    return Finding(subject: "home", verdict: .fine, detail: home)
  }

  private var journalFinding: Finding {
    do {
      let runs = try journal.runs()
      let unfinished = runs.count { $0.run.state != .finished && !$0.isAlive }
      return Finding(
        subject: "journal", verdict: .fine,
        detail: "\(runs.count) runs, \(unfinished) of them unfinished")
    } catch {
      return Finding(
        subject: "journal", verdict: .problem,
        detail: (error as? ImagineError)?.message ?? "\(error)",
        advice: "no run can begin without it; images that were paid for are in \(home)/assets")
    }
  }

  private var configurationFinding: Finding {
    let path = DataFolder.configuration(configuration.environment)
    do {
      try ConfigurationFile.read(path).check(configuration.environment)
      let exists = FileManager.default.fileExists(atPath: path)
      return Finding(
        subject: "configuration", verdict: .fine,
        detail: exists ? path : "no \(path), which is fine")
    } catch {
      return Finding(
        subject: "configuration", verdict: .problem, detail: error.message, advice: "fix the file")
    }
  }

  private var connectionFinding: Finding {
    let certificates = configuration.certificates.map { "certificates of \($0)" }
    do {
      let proxies = try registry.proxies()
      let parts =
        [proxies.isEmpty ? "no proxy" : "proxies: \(proxies.joined(separator: ", "))"]
        + [certificates ?? "certificates of the system", "User-Agent imagine/\(Self.version)"]
      return Finding(
        subject: "connections", verdict: .fine, detail: parts.joined(separator: "; "))
    } catch {
      return Finding(
        subject: "connections", verdict: .problem, detail: error.message,
        advice: error.field.map { "correct or unset \($0)" })
    }
  }

  /// Asks what costs nothing: the list of models, else the status of a job that does not exist; "not
  /// found" proves the address and the token.
  private func providerFindings() async -> [Finding] {
    do {
      let (name, reason) = try registry.selection()
      let provider = try registry.provider(named: name)
      do {
        if let models = try await models(of: provider) {
          return ModelFindings(models, of: provider.profile, selectedBy: reason).all
        }
      } catch let fault as ImagineError {
        return [
          Finding(
            subject: "provider \(name)", verdict: .problem, detail: "\(reason); \(fault.message)",
            advice: Self.advice(for: fault, provider: name))
        ]
      }
    } catch {
      // The finding below says so.
    }
    return [await providerFinding()]
  }

  private func providerFinding() async -> Finding {
    do {
      let (name, reason) = try registry.selection()
      let provider = try registry.provider(named: name)
      let subject = "provider \(name)"
      if provider.profile.kind == ProviderKind.command.rawValue {
        return programFinding(provider.profile, subject: subject, reason: reason)
      }
      guard provider.profile.operations.contains(where: { $0.answer == .job }) else {
        return Finding(
          subject: subject, verdict: .note,
          detail: "\(reason); it lists no models, and every other request to it costs something")
      }
      guard let fault = await provider.faultOfUnknownJob(CallContext(store: core.assets)) else {
        return Finding(
          subject: subject, verdict: .fine, detail: "\(reason); it answers and accepts the token")
      }
      return Finding(
        subject: subject, verdict: .problem, detail: "\(reason); \(fault.message)",
        advice: Self.advice(for: fault, provider: name))
    } catch let error as ImagineError {
      return Finding(
        subject: "provider", verdict: .problem, detail: error.message,
        advice: error.field.map { "set or correct \($0)" })
    } catch {
      return Finding(subject: "provider", verdict: .problem, detail: "\(error)")
    }
  }

  /// Whether the programs of a provider are there.
  private func programFinding(
    _ profile: ProviderProfile, subject: String, reason: String
  ) -> Finding {
    let programs = Set(profile.operations.map(\.path)).sorted()
    let missing = programs.filter {
      CommandProcess.path(of: $0, inPATH: configuration.environment["PATH"])
        .map(FileManager.default.isExecutableFile) != true
    }
    guard missing.isEmpty else {
      return Finding(
        subject: subject, verdict: .problem,
        detail: "\(reason); not found: \(missing.joined(separator: ", "))",
        advice: "install the program, or name its path")
    }
    return Finding(
      subject: subject, verdict: .fine,
      detail: "\(reason); its programs are there: \(programs.joined(separator: ", "))")
  }

  private static func advice(for error: ImagineError, provider: String) -> String? {
    switch error.kind {
    case .authorization: "check the token: it is missing, mistyped, expired, or another service's"
    case .connection, .timeout: "check the address, and whether this machine reaches it"
    case .unavailable where provider == BuiltInProvider.local.name:
      "run imagine-server by itself and read its messages"
    default: nil
    }
  }

  private func localServerFinding() async -> Finding {
    do {
      guard let version = try await registry.localEngineVersion() else {
        return Finding(
          subject: "built-in engine", verdict: .note, detail: "this program has none")
      }
      return Finding(subject: "built-in engine", verdict: .fine, detail: version)
    } catch {
      return Finding(
        subject: "built-in engine", verdict: .problem,
        detail: (error as? ImagineError)?.message ?? "\(error)",
        advice: "imagine-server must be beside imagine, with the libraries of libvips and OpenCV"
      )
    }
  }

  private var encoderFinding: Finding {
    let folders = (configuration.environment["PATH"] ?? "").split(separator: ":")
    let path = folders.map { "\($0)/ffmpeg" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let path else {
      return Finding(
        subject: "ffmpeg", verdict: .problem, detail: "not found; local videos need it",
        advice: "install the package ffmpeg")
    }
    return Finding(subject: "ffmpeg", verdict: .fine, detail: path)
  }
}
