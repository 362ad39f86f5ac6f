import ImagineAPI
import ImagineSystem

/// A workflow of ComfyUI in its API format: nodes with their class and inputs, by id.
///
/// ```json
/// {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}}}
/// ```
struct ComfyGraph: Sendable, Hashable {
  struct Node: Sendable, Hashable {
    let type: String
    /// Values, and links to outputs of other nodes.
    var inputs: [String: Value]
    /// The name that its author gave it; nil without one.
    let title: String?
  }

  /// A node's output as another node's input.
  struct Link: Sendable, Hashable {
    let node: String
    let slot: Int64
  }

  private(set) var nodes: [String: Node]

  /// The maximum size of a file in bytes; the largest workflows in use have some hundred thousand.
  static let maxBytes = 16 << 20
  static let maxNodes = 20_000

  /// - Parameter path: of the file.
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read; of kind `validation` if it is no
  ///   workflow in API format.
  init(file path: FilePath) throws(ImagineError) {
    let value: Value
    do {
      let bytes = try FileReader(path).all(limit: Self.maxBytes) { _ in }
      value = try Value(json: bytes, name: "\(path)")
    } catch {
      throw error as? ImagineError ?? ImagineError(.io, "cannot read \(path): \(error)")
    }
    try self.init(value, name: "\(path)")
  }

  /// - Parameter name: of the workflow in messages.
  /// - Throws: ``ImagineError`` of kind `validation`.
  init(_ value: Value, name: String) throws(ImagineError) {
    guard let members = value.table, !members.isEmpty else {
      throw ImagineError(.validation, "\(name) is no workflow: \(Self.expectation)")
    }
    // The body of a request to the server, and what its page saves, have the graph inside.
    let graph = ["prompt", "output"].lazy.compactMap { members[$0]?.table }
      .first { $0.values.contains { $0.table?["class_type"] != nil } }
    if graph == nil, Self.isUIFormat(members) {
      throw ImagineError(
        .validation,
        "\(name) is a workflow in the format of ComfyUI's page, which its server does not take:"
          + " open it in ComfyUI and choose Workflow > Export (API); in older versions enable the"
          + " dev mode options, then choose Save (API Format)")
    }
    let entries = graph ?? members
    guard entries.count <= Self.maxNodes else {
      throw ImagineError(.validation, "\(name) has more than \(Self.maxNodes) nodes")
    }
    var nodes: [String: Node] = [:]
    for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
      guard let node = Node(entry) else {
        throw ImagineError(
          .validation,
          "\(name) is no workflow: its member '\(id.prefix(40))' is no node; \(Self.expectation)")
      }
      nodes[id] = node
    }
    self.nodes = nodes
  }

  private init(nodes: [String: Node]) { self.nodes = nodes }

  private static let expectation =
    "expected ComfyUI's API format, an object of nodes with `class_type` and `inputs`"

  /// The page saves lists of nodes and links.
  private static func isUIFormat(_ members: [String: Value]) -> Bool {
    if members["nodes"]?.list != nil { return true }
    return members["workflow"]?.table?["nodes"]?.list != nil
  }

  /// The part of the graph that an output needs; the server computes no more of it.
  func leading(to output: String) -> ComfyGraph {
    var needed: [String: Node] = [:]
    var left = [output]
    while let id = left.popLast() {
      guard needed[id] == nil, let node = nodes[id] else { continue }
      needed[id] = node
      left += node.links.map(\.node)
    }
    return ComfyGraph(nodes: needed)
  }

  mutating func set(_ input: ComfyInput, to value: Value) {
    nodes[input.node]?.inputs[input.name] = value
  }

  /// Ids of nodes that no other node uses, in the order of their numbers.
  var sinks: [String] {
    let used = Set(nodes.values.flatMap(\.links).map(\.node))
    return ids.filter { !used.contains($0) }
  }

  /// Ids of nodes that are likely to have a result: those that save it, else those that show it, else
  /// all that no other node uses.
  var outputs: [String] {
    let sinks = sinks
    let saving = sinks.filter { nodes[$0]?.inputs["filename_prefix"] != nil }
    if !saving.isEmpty { return saving }
    let words = ["Save", "Preview", "Combine", "Send"]
    let showing = sinks.filter { id in
      words.contains { nodes[id]?.type.contains($0) ?? false }
    }
    return showing.isEmpty ? sinks : showing
  }

  /// All ids: numbers in their order, then other ids.
  var ids: [String] {
    nodes.keys.sorted { left, right in
      switch (Int(left), Int(right)) {
      case (let left?, let right?): left < right
      case (_?, nil): true
      case (nil, _?): false
      case (nil, nil): left < right
      }
    }
  }

  /// A node's id and class for messages, such as `3 (KSampler)`.
  func name(of id: String) -> String {
    nodes[id].map { "\(id) (\($0.type))" } ?? id
  }

  /// As the server takes it.
  var value: Value {
    .table(
      nodes.mapValues { node in
        var members: [String: Value] = [
          "class_type": .text(node.type), "inputs": .table(node.inputs),
        ]
        if let title = node.title { members["_meta"] = ["title": .text(title)] }
        return .table(members)
      })
  }
}

extension ComfyGraph.Node {
  fileprivate init?(_ value: Value) {
    guard let members = value.table, let type = members["class_type"]?.text else { return nil }
    self.type = type
    switch members["inputs"] {
    case .table(let inputs)?: self.inputs = inputs
    case nil, .list([])?: inputs = [:]
    default: return nil
    }
    title = members["_meta"]?.table?["title"]?.text
  }

  var links: [ComfyGraph.Link] { inputs.values.compactMap(ComfyGraph.Link.init) }

  /// The output that an input is linked to; nil for a value.
  func link(_ input: String) -> ComfyGraph.Link? { inputs[input].flatMap(ComfyGraph.Link.init) }

  /// Whether the node writes the file of an input image to the graph.
  var loadsImage: Bool { type.hasPrefix("LoadImage") && inputs["image"]?.text != nil }
}

extension ComfyGraph.Link {
  init?(_ value: Value) {
    guard case .list(let parts) = value, parts.count == 2, case .integer(let slot) = parts[1]
    else { return nil }
    switch parts[0] {
    case .text(let node): self.init(node: node, slot: slot)
    case .integer(let node): self.init(node: String(node), slot: slot)
    default: return nil
    }
  }
}

/// An input of a node as a description names it: `6.text`.
struct ComfyInput: Sendable, Hashable, CustomStringConvertible {
  let node: String
  let name: String

  /// - Returns: nil if the text is no id and name with a dot between.
  init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    node = String(parts[0])
    name = String(parts[1])
  }

  init(node: String, name: String) {
    self.node = node
    self.name = name
  }

  var description: String { "\(node).\(name)" }
}
