import ImagineAPI
import ImagineProviders

/// Servers of the user's own.
extension ScriptHost {
  /// The servers that answer on this machine, with the lines that make providers of them.
  ///
  /// - Parameter ports: further ports to ask.
  func serverFindings(alsoAt ports: [Int]) async -> [Finding] {
    let servers = await registry.serversOfThisMachine(alsoAt: ports)
    guard !servers.isEmpty else {
      let asked = Set(KnownServers.ports + ports).sorted().map(String.init)
      return [
        Finding(
          subject: "servers", verdict: .note,
          detail: "none of your own answers on this machine"
            + " (ports \(asked.joined(separator: ", ")))")
      ]
    }
    let configured = (try? registry.configuredAddresses()) ?? [:]
    var taken = Set(configured.keys)
    return servers.map { server in
      let subject = "server \(server.address)"
      if let name = configured.sorted(by: { $0.key < $1.key }).first(where: {
        server.isAt($0.value.baseURL, kind: $0.value.kind)
      })?.key {
        return Finding(
          subject: subject, verdict: .fine, detail: "\(server.title); it is the provider \(name)",
          advice: server.advice)
      }
      let name = Self.name(for: server, notIn: &taken)
      let lines =
        [("kind", server.kind.rawValue), ("base_url", server.address)]
        + server.settings.map { ($0.name, $0.value) }
      return Finding(
        subject: subject, verdict: .note, detail: "\(server.title); config.toml does not have it",
        advice: server.advice ?? server.setupAdvice,
        configuration: ["[providers.\(name)]"] + lines.map { "\($0) = \(Value.text($1).json)" })
    }
  }

  /// The name of a new provider: its kind, with a number if that is taken.
  private static func name(for server: FoundServer, notIn taken: inout Set<String>) -> String {
    var name = server.kind.rawValue
    var number = 1
    while !taken.insert(name).inserted {
      number += 1
      name = "\(server.kind.rawValue)\(number)"
    }
    return name
  }
}
