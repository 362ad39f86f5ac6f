import ImagineAPI

/// Checks which inputs of a workflow are fields of a call, and of which type they are.
struct ComfyInputChecker {
  /// The graph of the file, and the part of it that the output needs.
  let whole: ComfyGraph
  let graph: ComfyGraph
  let output: String
  let place: String

  /// Names that calls use for other things.
  private static let reservedNames: Set<String> =
    Set(CallField.all(for: .generate).map(\.name)).union([
      ComfyField.workflow, ComfyField.aspectRatio.name, "operation", "images",
      // Of these, checks of OpenAI-style calls would be made.
      "model", "size", "approximate", "background",
    ])

  /// Inputs that take whole numbers only. An export writes the number 8.0 as 8, so the graph's own
  /// value does not tell.
  private static let wholeInputs: Set<String> = [
    "seed", "noise_seed", "width", "height", "steps", "batch_size", "length", "start_at_step",
    "end_at_step", "stop_at_clip_layer", "num_frames", "frames", "clip_skip",
  ]

  private static let numbers = -1_000_000.0...1_000_000.0

  /// - Throws: ``ImagineError`` of kind `validation` that names the field and the mistake.
  func field(
    _ name: String, _ targets: [ComfyInput], of operation: MediaOperation
  ) throws(ImagineError) -> Field {
    let place = "\(place).inputs.\(name)"
    let isName =
      name.first.map { $0.isLetter } == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard isName, !Self.reservedNames.contains(name) else {
      throw .invalid(
        field: place, given: isName ? "a name that calls use otherwise" : "this name",
        expected: "a name of letters, digits and _, and none of: "
          + Self.reservedNames.sorted().joined(separator: ", "))
    }
    guard let first = targets.first else {
      throw .invalid(field: place, given: "an empty list", expected: "inputs such as \"6.text\"")
    }
    var kinds: [Field.Kind] = []
    for target in targets {
      kinds.append(try kind(of: target, for: name, at: place))
    }
    if let usual = ComfyField.named(name, of: operation) {
      if let index = kinds.firstIndex(where: { !Self.agree(usual.kind, $0) }) {
        throw .invalid(
          field: place, given: "\"\(targets[index])\", which is \(Self.word(kinds[index]))",
          expected: "an input that is \(Self.word(usual.kind))")
      }
      return usual
    }
    if let index = kinds.firstIndex(where: { !Self.agree(kinds[0], $0) }) {
      throw .invalid(
        field: place, given: "inputs of different types: \(first) and \(targets[index])",
        expected: "inputs of one type")
    }
    let isImage = Self.agree(kinds[0], .image)
    let value = graph.nodes[first.node]?.inputs[first.name]?.quoted ?? ""
    return Field(
      name, kinds[0], isImage ? .required : .optional,
      summary: "the input \(first.name) of node \(graph.name(of: first.node))"
        + (isImage ? "" : "; by default \(value)"))
  }

  private func kind(
    of target: ComfyInput, for field: String, at place: String
  ) throws(ImagineError) -> Field.Kind {
    let given = "\"\(target)\""
    guard let node = whole.nodes[target.node] else {
      throw .invalid(
        field: place, given: given,
        expected: "a node of the workflow: one of "
          + whole.ids.prefix(40).map(whole.name).joined(separator: ", "), allowed: whole.ids)
    }
    guard let value = node.inputs[target.name] else {
      let names = node.inputs.keys.sorted()
      throw .invalid(
        field: place, given: given,
        expected: "an input of node \(whole.name(of: target.node)): one of "
          + names.joined(separator: ", "), allowed: names)
    }
    if let link = ComfyGraph.Link(value) {
      throw .invalid(
        field: place,
        given: "\(given), which is a link to node \(whole.name(of: link.node)) and no value",
        expected: "an input with a value, perhaps of that node")
    }
    guard graph.nodes[target.node] != nil else {
      throw .invalid(
        field: place, given: given,
        expected: "a node that the output, node \(whole.name(of: output)), depends on")
    }
    if target == ComfyInput(node: output, name: "filename_prefix") {
      throw .invalid(
        field: place, given: given, expected: "another input: the id of the call is put into it")
    }
    switch value {
    case .text:
      let isFile = target.name == "image" && node.loadsImage
      return isFile || field == "image" || field == "mask" ? .image : .text
    case .flag: return .flag
    case .integer(let number):
      return Self.wholeInputs.contains(target.name)
        ? .integer((number < 0 ? -10_000 : 0)...Int64.max) : .number(Self.numbers)
    case .number:
      return Self.wholeInputs.contains(target.name)
        ? .integer(0...Int64.max) : .number(Self.numbers)
    case .null, .list, .table:
      throw .invalid(
        field: place, given: "\(given), which is \(value.quoted)",
        expected: "an input that is text, a number, or true or false")
    }
  }

  private static func agree(_ one: Field.Kind, _ other: Field.Kind) -> Bool {
    word(one) == word(other)
  }

  private static func word(_ kind: Field.Kind) -> String {
    switch kind {
    case .integer, .number: "a number"
    case .flag: "true or false"
    case .image, .images: "the name of an image file"
    default: "text"
    }
  }

  /// Checks what several inputs say together, and the values that no field replaces.
  func check(
    _ inputs: [String: [ComfyInput]], for operation: MediaOperation
  ) throws(ImagineError) {
    for field in operation.fields where field.maxImages > 0 {
      guard case .required = field.presence, inputs[field.name] == nil else { continue }
      throw .missing(
        field: "inputs.\(field.name)", of: place,
        expected: "an input of the node that loads it, such as \"10.image\"")
    }
    var fields: [ComfyInput: String] = [:]
    for (name, targets) in inputs.sorted(by: { $0.key < $1.key }) {
      for target in targets {
        if let other = fields.updateValue(name, forKey: target) {
          throw .invalid(
            field: "\(place).inputs.\(name)", given: "\"\(target)\", which is also `\(other)`",
            expected: "an input for each field: a mask is loaded by a node of its own")
        }
      }
    }
    for (id, node) in graph.nodes.sorted(by: { $0.key < $1.key }) {
      for (name, value) in node.inputs.sorted(by: { $0.key < $1.key })
      where fields[ComfyInput(node: id, name: name)] == nil {
        try check(value, of: ComfyInput(node: id, name: name), in: operation)
      }
    }
  }

  private func check(
    _ value: Value, of input: ComfyInput, in operation: MediaOperation
  ) throws(ImagineError) {
    // A number above Int64 has lost its last digits when it was read.
    if case .number(let number) = value, number >= 0x1p63 {
      throw .invalid(
        field: place,
        given: "\(input) = \(UInt64(exactly: number).map(String.init) ?? "\(number)")",
        expected: "numbers up to \(Int64.max); map the input to a field, or lower it in the file")
    }
    // In workflows of videos it may be the number of frames.
    let isBatch = input.name == "batch_size" && operation.answer == .image
    if isBatch, case .integer(let count) = value, count > 1 {
      throw .invalid(
        field: place, given: "\(input) = \(count)",
        expected: "a batch of 1: a call has one image, and `n` of a script asks for more")
    }
  }
}
