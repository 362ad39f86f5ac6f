public import ImagineAPI

/// A server for images that answers on this machine.
public struct FoundServer: Sendable, Hashable {
  /// The kind of provider that speaks to it.
  public var kind: ProviderKind
  /// What it is, in words.
  public var title: String
  /// Such as `http://127.0.0.1:7860`.
  public var address: String
  /// Further members of its description, in order.
  public var settings: [Setting] = []
  /// What must be done before it can be used; nil if nothing.
  public var advice: String?
  /// What its configuration needs beside ``settings``; nil if nothing.
  public var setupAdvice: String?

  public struct Setting: Sendable, Hashable {
    public var name: String
    public var value: String
  }

  /// Whether a provider of this kind and with this base URL speaks to it.
  public func isAt(_ baseURL: String, kind: ProviderKind?) -> Bool {
    func port(_ address: String) -> Substring? {
      let authority = Origin(address)?.authority
      return authority.flatMap { $0.split(separator: ":").last }
    }
    return kind == self.kind && Endpoint.isOnThisMachine(baseURL)
      && port(baseURL) == port(address)
  }
}

/// The servers that people run on their own machine, with the ports where they usually listen.
public struct KnownServers: Sendable {
  /// Servers that are asked in one way.
  struct Row: Sendable {
    let ports: [Int]
    /// Asks a server what it is; nil if it is none of these.
    let probe: @Sendable (Probe) async -> FoundServer?
  }

  private static let rows = [
    // A1111, Forge, SD.Next and Draw Things; a second one of them; sd-server; koboldcpp.
    Row(ports: [7860, 7861, 1234, 5001]) { await SDAPIProbe($0).server() },
    Row(ports: [8188]) { probe in
      guard let answer = await probe.get("/system_stats"),
        let system = answer.json?["system"], system["comfyui_version"] != nil
      else { return nil }
      let version = system["comfyui_version"]?.text.map { " \($0)" } ?? ""
      var server = FoundServer(
        kind: .comfy, title: "ComfyUI\(version)", address: probe.address)
      server.setupAdvice = "it needs workflows too: imagine comfy inspect FILE prints their lines"
      return server
    },
  ]

  private let transport: HTTPTransport

  public init(transport: HTTPTransport) { self.transport = transport }

  /// Every usual port, sorted.
  public static var ports: [Int] { Array(Set(rows.flatMap(\.ports))).sorted() }

  /// Asks the usual ports of the loopback address, all at once; takes two seconds at most.
  ///
  /// - Parameter ports: further ports, where any of the servers may listen.
  /// - Returns: sorted by address.
  public func find(alsoAt ports: [Int] = []) async -> [FoundServer] {
    await withTaskGroup(of: FoundServer?.self) { group in
      for row in Self.rows {
        for port in Set(row.ports + ports) {
          let probe = Probe(address: "http://127.0.0.1:\(port)", transport: transport)
          group.addTask { await row.probe(probe) }
        }
      }
      var found: [FoundServer] = []
      for await server in group { if let server { found.append(server) } }
      return found.sorted { ($0.address, $0.kind.rawValue) < ($1.address, $1.kind.rawValue) }
    }
  }
}

/// Asks a server on this machine, without a key.
struct Probe: Sendable {
  let address: String
  let transport: HTTPTransport

  /// Seconds for an answer. Two questions are asked at most.
  private static let patience = 1.0
  private static let maxBytes = 4 << 20

  struct Answer: Sendable {
    var status: Int
    var body: [UInt8]

    var json: JSONValue? { status == 200 ? JSONValue(body) : nil }
  }

  /// - Returns: nil if nothing answers.
  func get(_ path: String) async -> Answer? {
    let call = HTTPTransport.Call(
      method: "GET", address: address + path, endpoint: "GET \(path)",
      limit: TimeLimit(total: Self.patience))
    return try? await transport.perform(call) { answer in
      Answer(status: answer.status, body: try await answer.bytes(upTo: Self.maxBytes))
    }
  }
}
