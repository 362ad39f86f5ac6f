import ImagineAPI
import Synchronization

/// How far running prompts are, as the server's WebSocket tells: no other route of it does.
///
/// It is for the eye only. A server that opens no WebSocket, or a connection that breaks, leaves the
/// progress as it is, and nothing else.
final class ComfyProgress: Sendable {
  private struct Watch {
    var nodes: ComfyNodeProgress
    var lastAsked = ContinuousClock.now
    let task: Task<Void, Never>
  }

  private let transport: HTTPTransport
  private let endpoint: Endpoint
  /// By id of the prompt.
  private let watches = Mutex<[String: Watch]>([:])
  /// How long a prompt is watched that nobody asks about: whoever waited has given up.
  private let patience: Duration

  /// How often a connection is opened for a prompt, and seconds between.
  private static let attempts = 3
  private static let pause = 2.0

  init(transport: HTTPTransport, endpoint: Endpoint, patience: Duration = .seconds(60)) {
    self.transport = transport
    self.endpoint = endpoint
    self.patience = patience
  }

  func isWatched(_ id: String) -> Bool { watches.withLock { $0[id] != nil } }

  /// Listens for the progress of a prompt that runs, until it has ended or is not asked about.
  ///
  /// - Parameter graph: as the server has it.
  func watch(_ id: String, _ graph: JSONValue) {
    watches.withLock { watches in
      guard watches[id] == nil else { return }
      let task = Task { [self] in
        await withDiscardingTaskGroup { group in
          group.addTask { await self.listen(for: id) }
          group.addTask { await self.endIfForgotten(id) }
        }
      }
      watches[id] = Watch(nodes: ComfyNodeProgress(graph), task: task)
    }
  }

  /// The part that is done, 0 … 1; nil while nothing is known.
  func part(of id: String) -> Double? {
    watches.withLock { watches in
      watches[id]?.lastAsked = .now
      return watches[id]?.nodes.part
    }
  }

  func end(_ id: String) {
    watches.withLock { $0.removeValue(forKey: id) }?.task.cancel()
  }

  private func endIfForgotten(_ id: String) async {
    while let lastAsked = watches.withLock({ $0[id]?.lastAsked }), !Task.isCancelled {
      guard lastAsked + patience > .now else { return end(id) }
      try? await Task.sleep(until: lastAsked + patience)
    }
  }

  private func listen(for id: String) async {
    // Servers send some messages only to the client that sent the prompt, which has its id.
    let address = endpoint.address("/ws", [("clientId", id)])
    let call = HTTPTransport.Call(
      method: "GET", address: address, endpoint: "GET /ws",
      authorization: endpoint.authorization(for: address),
      limit: TimeLimit(total: transport.timeouts.connect))
    for attempt in 1...Self.attempts where runs(id) {
      if attempt > 1 { try? await Task.sleep(for: .clamped(seconds: Self.pause)) }
      try? await transport.readWebSocket(call) { [self] text in
        read(text, id)
        return runs(id)
      }
    }
  }

  /// Whether a prompt is watched that has not ended.
  private func runs(_ id: String) -> Bool {
    watches.withLock { $0[id].map { !$0.nodes.isOver } ?? false }
  }

  private func read(_ text: [UInt8], _ id: String) {
    // A message of nodes' states has ten values for each node.
    guard let message = JSONValue(text, maxValues: 1_000_000), let data = message["data"],
      data["prompt_id"]?.text == id
    else { return }
    watches.withLock { $0[id]?.nodes.read(message["type"]?.text ?? "", data) }
  }
}

/// How much of a prompt's work is done, by what its nodes report.
struct ComfyNodeProgress {
  /// Of each node in the graph.
  private let weights: [String: Double]
  /// The part of each node that is done, 0 … 1.
  private var parts: [String: Double] = [:]
  private var running: String?
  /// Of the whole, 0 … 1; nil while nothing is known. A node that works in several passes begins
  /// again with each, which does not count.
  private(set) var part: Double?
  private(set) var isOver = false

  /// Sampling takes nearly all the time of most graphs.
  private static let weightOfSampling = 20.0

  init(_ graph: JSONValue) {
    guard case .object(let nodes) = graph else {
      weights = [:]
      return
    }
    weights = nodes.mapValues { node in
      guard node["class_type"]?.text?.contains("Sampler") == true,
        case .object(let inputs)? = node["inputs"],
        inputs.values.contains(where: { $0.list != nil })
      else { return 1 }
      return Self.weightOfSampling
    }
  }

  /// Reads a message about the prompt.
  mutating func read(_ type: String, _ data: JSONValue) {
    switch type {
    case "progress_state":
      guard case .object(let nodes)? = data["nodes"] else { return }
      for (id, state) in nodes { set(id, state) }
    // Older servers have only these two, beside the end.
    case "progress":
      if let id = data["node"]?.text { set(id, data) }
    case "executing":
      guard let id = data["node"]?.text else {
        isOver = true
        return
      }
      if let running, running != id { set(running, 1) }
      running = id
    case "execution_cached":
      for id in data["nodes"]?.list ?? [] { if let id = id.text { set(id, 1) } }
    case "execution_success", "execution_error", "execution_interrupted": isOver = true
    default: return
    }
    let total = weights.values.reduce(0, +)
    let done = weights.reduce(0) { $0 + $1.value * (parts[$1.key] ?? 0) }
    if total > 0 { part = max(part ?? 0, min(1, done / total)) }
  }

  private mutating func set(_ id: String, _ state: JSONValue) {
    guard let value = state["value"]?.number, let max = state["max"]?.number, max > 0 else {
      return
    }
    set(id, value / max)
  }

  /// Only nodes of the graph count: a server may name any others.
  private mutating func set(_ id: String, _ part: Double) {
    if weights[id] != nil, (0...1).contains(part) { parts[id] = part }
  }
}
