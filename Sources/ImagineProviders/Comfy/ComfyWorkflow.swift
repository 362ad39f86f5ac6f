import Crypto
import ImagineAPI
import ImagineSystem
import MediaFiles

/// A workflow for one operation: which inputs of its nodes are fields of the call, and which node
/// has the result.
struct ComfyWorkflow: Sendable, Hashable {
  /// The part of the graph that the output needs.
  let graph: ComfyGraph
  /// By field.
  let inputs: [String: [ComfyInput]]
  /// The node that saves the image or video.
  let output: String
  /// The operation with the workflow's fields.
  private(set) var operation: MediaOperation

  /// - Parameters:
  ///   - inputs: the inputs of nodes by field.
  ///   - output: a node; nil if only one can be meant.
  ///   - file: the name of the workflow's file, which calls and metadata show.
  ///   - place: where the description is, for messages.
  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the mistake.
  init(
    _ graph: ComfyGraph, inputs: [String: [ComfyInput]], output: String?,
    for operation: MediaOperation, file: String, in place: String
  ) throws(ImagineError) {
    let output = try Self.output(output, of: graph, in: place)
    self.output = output
    self.graph = graph.leading(to: output)
    self.inputs = inputs
    self.operation = operation
    let checker = ComfyInputChecker(whole: graph, graph: self.graph, output: output, place: place)
    var fields: [Field] = []
    for (name, targets) in inputs.sorted(by: { Self.order($0.key) < Self.order($1.key) }) {
      fields.append(try checker.field(name, targets, of: operation))
    }
    try checker.check(inputs, for: operation)
    if inputs["width"] != nil, inputs["height"] != nil { fields.append(ComfyField.aspectRatio) }
    let id = "\(file)@\(Self.digest(of: self.graph, inputs, output))"
    let workflow = Field(
      ComfyField.workflow, .choice([id]), .required, hostDefault: id,
      summary: "the workflow's file and content; never given, but part of the call")
    self.operation = operation.with(path: "/prompt", fields: fields + [workflow])
  }

  private static func output(
    _ given: String?, of graph: ComfyGraph, in place: String
  ) throws(ImagineError) -> String {
    let candidates = graph.outputs
    let names = candidates.map(graph.name).joined(separator: ", ")
    if let given {
      guard graph.nodes[given] != nil else {
        throw .invalid(
          field: "\(place).output", given: "\"\(given)\"",
          expected: "the id of the node that saves the result: one of \(names)", allowed: candidates
        )
      }
      return given
    }
    guard candidates.count == 1 else {
      throw .missing(
        field: "output", of: place,
        expected: "the id of the node that saves the result: one of \(names)", allowed: candidates)
    }
    return candidates[0]
  }

  /// The usual fields first, in the order of a sentence.
  private static func order(_ field: String) -> String {
    let usual = ["prompt", "negative_prompt", "image", "mask", "width", "height", "seed"]
    return usual.firstIndex(of: field).map { " \($0)" } ?? field
  }

  /// Tells the content of one workflow from another's.
  private static func digest(
    of graph: ComfyGraph, _ inputs: [String: [ComfyInput]], _ output: String
  ) -> String {
    let value: Value = [
      "graph": graph.value, "output": .text(output),
      "inputs": .table(inputs.mapValues { .list($0.map { .text($0.description) }) }),
    ]
    return String(digest(of: Array(value.json.utf8)).prefix(16))
  }

  /// The first 128 bits of the SHA-256 of a content, in hexadecimal.
  static func digest(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).prefix(16).hexadecimal
  }
}

extension ComfyWorkflow {
  /// The fields that take images, in order.
  var imageFields: [String] {
    operation.fields.filter { $0.maxImages > 0 }.map(\.name)
  }

  /// Whether the workflow reads a mask as brightness only, so that any black and white image is
  /// right for it.
  var readsBrightnessOfMask: Bool {
    (inputs["mask"] ?? []).allSatisfy { input in
      guard let node = graph.nodes[input.node], node.type == "LoadImageMask" else { return false }
      return ["red", "green", "blue"].contains(node.inputs["channel"]?.text)
    }
  }

  /// The graph of a call.
  ///
  /// The id is part of the result's file name. So the node that saves it runs even if the server has
  /// cached the rest of an equal graph.
  ///
  /// - Parameter files: the names of the input images at the server, by field.
  func prompt(for request: Request, files: [String: String], id: String) -> Value {
    var graph = graph
    func set(_ field: String, _ value: Value) {
      for input in inputs[field] ?? [] { graph.set(input, to: value) }
    }
    if let size = request.aspectRatio?.pixelSize {
      set("width", .integer(Int64(size.width)))
      set("height", .integer(Int64(size.height)))
    }
    for (name, value) in request.fields { set(name, value) }
    for (name, file) in files { set(name, .text(file)) }
    if let prefix = graph.nodes[output]?.inputs["filename_prefix"] {
      graph.set(
        ComfyInput(node: output, name: "filename_prefix"),
        to: .text("\(prefix.text ?? "ComfyUI")-\(id)"))
    }
    return graph.value
  }

  /// The field whose value is an input of a node; nil if none is.
  func field(of input: ComfyInput) -> String? {
    inputs.first { $0.value.contains(input) }?.key
  }
}
