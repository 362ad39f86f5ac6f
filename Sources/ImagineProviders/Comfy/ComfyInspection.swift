public import ImagineAPI

/// Finds in a workflow of ComfyUI what a call is likely to set, and writes the configuration that
/// maps it.
public struct ComfyInspection: Sendable {
  /// Inputs of nodes that are likely to be a field of calls.
  struct Finding: Sendable {
    let field: String
    let inputs: [ComfyInput]
  }

  private let graph: ComfyGraph
  /// The node that saves the result; of several the one that needs the most nodes.
  let output: String
  private let outputs: [String]
  /// Whether the mask is the transparency of an image.
  private let usesTransparency: Bool
  private(set) var findings: [Finding] = []
  /// How many outputs are compared; a workflow has a few.
  private static let maxOutputs = 100
  private let path: String

  /// - Parameters:
  ///   - absolutePath: of the file, for the configuration.
  ///   - output: the id of the node that saves the result; nil to choose one.
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be read; of kind `validation` if it is no
  ///   workflow in API format, or has no such node.
  public init(
    file: FilePath, absolutePath: String, output: String? = nil
  ) throws(ImagineError) {
    let graph = try ComfyGraph(file: file)
    if let output, graph.nodes[output] == nil {
      throw .invalid(
        field: "output", given: "\"\(output)\"",
        expected: "one of \(graph.outputs.map(graph.name).joined(separator: ", "))",
        allowed: graph.outputs)
    }
    self.init(graph, absolutePath: absolutePath, output: output)
  }

  init(_ graph: ComfyGraph, absolutePath: String, output: String? = nil) {
    path = absolutePath
    outputs = graph.outputs
    let parts = outputs.prefix(Self.maxOutputs).map { ($0, graph.leading(to: $0).nodes.count) }
    self.output = output ?? parts.reversed().max { $0.1 < $1.1 }?.0 ?? ""
    // What does not lead to the output is not sent.
    self.graph = graph.leading(to: self.output)
    let search = ComfySearch(self.graph)
    let positive = search.texts("positive")
    let known = Set(positive)
    let negative = search.texts("negative").filter { !known.contains($0) }
    let (images, masks) = search.images
    usesTransparency = masks.isEmpty && search.usesTransparency
    add("prompt", positive.isEmpty ? search.otherTexts(unlike: Set(negative)) : positive)
    add("negative_prompt", negative)
    add("image", Array(images.prefix(1)))
    add("mask", Array(masks.prefix(1)))
    let size = search.size
    add("width", size.map { [$0.width] } ?? [])
    add("height", size.map { [$0.height] } ?? [])
    add("seed", search.values(["seed", "noise_seed"]))
    for (index, image) in images.dropFirst().enumerated() { add("image_\(index + 2)", [image]) }
    for name in ["steps", "cfg", "guidance", "denoise"] {
      add(name, Array(search.values([name]).prefix(1)))
    }
  }

  private mutating func add(_ field: String, _ inputs: [ComfyInput]) {
    if !inputs.isEmpty { findings.append(Finding(field: field, inputs: inputs)) }
  }

  private func has(_ field: String) -> Bool { findings.contains { $0.field == field } }

  /// The operation that the workflow is likely to be for.
  var operation: MediaOperation {
    let saver = graph.nodes[output]?.type ?? ""
    if ["Video", "WEBM", "Animate"].contains(where: saver.contains) {
      return has("image") ? .animate : .video
    }
    if has("image"), has("mask") { return has("prompt") ? .fill : .retouch }
    guard has("image"), !has("prompt") else { return .generate }
    let types = graph.nodes.values.map { $0.type.lowercased() }
    let removes = ["rembg", "rmbg", "background", "birefnet", "matting"]
    return types.contains { type in removes.contains(where: type.contains) }
      ? .removeBackground : .upscale
  }

  /// The findings and the configuration, in lines.
  public var text: String {
    var lines = ["\(path): API format, \(graph.nodes.count) nodes", ""]
    for finding in findings {
      for input in finding.inputs {
        let value = graph.nodes[input.node]?.inputs[input.name]?.quoted ?? ""
        let title = graph.nodes[input.node]?.title.map { ", \"\($0)\"" } ?? ""
        lines.append(
          "\(finding.field) = \(input): \(value.inOneLine)"
            + " (\(graph.nodes[input.node]?.type ?? "")\(title.inOneLine))")
      }
    }
    lines.append("output = \(graph.name(of: output))")
    let others = outputs.filter { $0 != output }
    if !others.isEmpty {
      lines.append("Others save something too: \(others.joined(separator: ", ")); see --output.")
    }
    if usesTransparency {
      lines.append(
        "The mask is the transparency of an image: load it with LoadImageMask to give it in a call."
      )
    }
    lines += ["", "# for config.toml; base_url is where ComfyUI listens"]
    lines += configuration
    return lines.joined(separator: "\n")
  }

  private var configuration: [String] {
    let inputs = findings.map { finding -> String in
      let texts = finding.inputs.map { Self.quoted($0.description) }
      return "\(finding.field) = "
        + (texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")
    }
    return [
      "[providers.comfy]", "kind = \"comfy\"", "base_url = \"http://127.0.0.1:8188\"", "",
      "[providers.comfy.workflows.\(operation.name)]", "file = \(Self.quoted(path))",
      "inputs = { \(inputs.joined(separator: ", ")) }",
      "output = \(Self.quoted(output))",
    ]
  }

  /// A string of TOML, whose escapes are those of JSON; it wants one more character escaped.
  private static func quoted(_ text: String) -> String {
    Value.text(text).json.replacing("\u{7F}", with: "\\u007F")
  }
}
