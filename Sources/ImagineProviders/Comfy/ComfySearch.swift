import ImagineAPI

/// Searches a graph for what samplers and other nodes are given.
struct ComfySearch {
  private let graph: ComfyGraph
  private let ids: [String]

  init(_ graph: ComfyGraph) {
    self.graph = graph
    ids = graph.ids
  }

  /// Inputs with texts that encoders read, the likely ones first.
  private static let textInputs = [
    "text", "prompt", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "llama",
  ]
  /// Inputs of nodes that are only a value.
  private static let valueInputs = [
    "value", "string", "text", "prompt", "int", "number", "seed", "text_a", "string_a",
  ]

  /// The texts of a side, `positive` or `negative`, of all samplers and guiders.
  func texts(_ side: String) -> [ComfyInput] {
    let starts = ids.compactMap { id -> String? in
      guard let node = graph.nodes[id], node.link("positive") != nil || side == "positive" else {
        return nil
      }
      // A guider without a negative side has one conditioning.
      let isGuider = node.type.contains("Guider") && node.link("positive") == nil
      return (node.link(side) ?? (isGuider ? node.link("conditioning") : nil))?.node
    }
    var found = UniqueInputs()
    var visited: Set<String> = []
    // The next node is the last one. A graph may be a chain of thousands of nodes.
    var left = Array(starts.reversed())
    while let id = left.popLast() {
      guard visited.insert(id).inserted, let node = graph.nodes[id] else { continue }
      // It makes an empty prompt of any.
      if node.type.contains("ZeroOut") { continue }
      let texts = Self.textInputs.compactMap { text(of: ComfyInput(node: id, name: $0)) }
      texts.forEach { found.append($0) }
      guard texts.isEmpty else { continue }
      // Nodes that change a conditioning have one, or both sides.
      let links =
        node.link(side).map { [$0] }
        ?? node.inputs.keys.sorted().filter { $0.hasPrefix("conditioning") }.compactMap(node.link)
      left += links.reversed().map(\.node)
    }
    return found.inputs
  }

  /// The input that has the text: itself, or that of a node that is only a value.
  private func text(of input: ComfyInput) -> ComfyInput? {
    switch graph.nodes[input.node]?.inputs[input.name] {
    case .text?: input
    case let link?: value(at: link) { $0.text != nil }
    case nil: nil
    }
  }

  private func value(at link: Value, where isRight: (Value) -> Bool) -> ComfyInput? {
    guard let id = ComfyGraph.Link(link)?.node, let node = graph.nodes[id] else { return nil }
    return Self.valueInputs.first { node.inputs[$0].map(isRight) ?? false }
      .map { ComfyInput(node: id, name: $0) }
  }

  /// The first text of a graph without samplers, such as that of a node that calls a service.
  func otherTexts(unlike others: Set<ComfyInput>) -> [ComfyInput] {
    for name in ["prompt", "positive", "positive_prompt", "text"] {
      for id in ids {
        guard let node = graph.nodes[id], node.inputs[name] != nil,
          name != "text" || node.type.contains("TextEncode"),
          let input = text(of: ComfyInput(node: id, name: name)), !others.contains(input)
        else { continue }
        return [input]
      }
    }
    return []
  }

  /// The inputs with these names that are numbers, or the nodes that are their values.
  func values(_ names: [String]) -> [ComfyInput] {
    var found = UniqueInputs()
    for id in ids {
      for name in names {
        if let input = number(ComfyInput(node: id, name: name)) { found.append(input) }
      }
    }
    return found.inputs
  }

  private func number(_ input: ComfyInput) -> ComfyInput? {
    guard let given = graph.nodes[input.node]?.inputs[input.name] else { return nil }
    return given.double != nil ? input : value(at: given) { $0.double != nil }
  }

  /// Where the size of the result is: of an empty latent image, or of a node that makes a video of an
  /// image.
  var size: (width: ComfyInput, height: ComfyInput)? {
    for word in ["Empty", "Latent", "ToVideo"] {
      for id in ids {
        guard let type = graph.nodes[id]?.type, type.contains(word),
          let width = number(ComfyInput(node: id, name: "width")),
          let height = number(ComfyInput(node: id, name: "height"))
        else { continue }
        return (width, height)
      }
    }
    return nil
  }

  /// Whether a node reads the transparency of an image that another reads the colours of.
  var usesTransparency: Bool {
    graph.nodes.values.flatMap(\.links).contains { link in
      link.slot == 1 && graph.nodes[link.node]?.loadsImage == true
    }
  }

  /// The inputs that name files of images and of masks.
  var images: (images: [ComfyInput], masks: [ComfyInput]) {
    var images: [ComfyInput] = []
    var masks: [ComfyInput] = []
    let links = Dictionary(grouping: graph.nodes.values.flatMap(\.links), by: \.node)
    for id in ids {
      guard let node = graph.nodes[id], node.loadsImage else { continue }
      let slots = Set((links[id] ?? []).map(\.slot))
      let input = ComfyInput(node: id, name: "image")
      // The second output of LoadImage is a mask of its transparency.
      let isMask = node.type.hasPrefix("LoadImageMask") || slots == [1]
      if isMask { masks.append(input) } else { images.append(input) }
    }
    return (images, masks)
  }
}

/// Inputs in the order in which they were found, each once.
private struct UniqueInputs {
  private(set) var inputs: [ComfyInput] = []
  private var known: Set<ComfyInput> = []

  mutating func append(_ input: ComfyInput) {
    if known.insert(input).inserted { inputs.append(input) }
  }
}
