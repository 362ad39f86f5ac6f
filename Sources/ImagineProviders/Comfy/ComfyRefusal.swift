import ImagineAPI

/// What the server says is wrong with a graph: `{"error": {…}, "node_errors": {…}}`.
struct ComfyRefusal {
  /// What is wrong with a node.
  private struct Fault {
    let node: String
    let type: String
    let words: String
    /// The input that it is about; nil for none.
    let input: String?
    /// The outputs that are not made because of it.
    let outputs: [String]
  }

  private let faults: [Fault]
  private let type: String?
  private let words: String?
  private let workflow: ComfyWorkflow

  /// The server lists every file that an input may name.
  static let maxBytes = 32 << 20
  private static let maxCharacters = 1000

  /// - Returns: nil if the body names no fault.
  init?(_ body: [UInt8], _ workflow: ComfyWorkflow) {
    guard let root = JSONValue(body) else { return nil }
    self.workflow = workflow
    type = root["error"]?["type"]?.text
    words = root["error"].flatMap { error in
      error.text ?? Self.words(error)
    }
    var faults: [Fault] = []
    if case .object(let nodes)? = root["node_errors"] {
      for (id, node) in nodes.sorted(by: { $0.key < $1.key }) {
        let outputs = node["dependent_outputs"]?.list?.compactMap(\.identifier) ?? []
        for fault in node["errors"]?.list ?? [] {
          guard let words = Self.words(fault) else { continue }
          faults.append(
            Fault(
              node: id, type: node["class_type"]?.text ?? "?", words: words,
              input: fault["extra_info"]?["input_name"]?.text, outputs: outputs))
        }
      }
    }
    self.faults = faults
    guard words != nil || !faults.isEmpty else { return nil }
  }

  private static func words(_ fault: JSONValue) -> String? {
    let parts = [fault["message"]?.text, fault["details"]?.text].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: ": ")
  }

  /// Whether the result of the workflow is not made because of it.
  var concernsOutput: Bool {
    faults.contains { $0.outputs.contains(workflow.output) || $0.outputs.isEmpty }
  }

  /// The error in the server's words, with the nodes and the field of the call.
  func error(_ answer: HTTPAnswer) -> ImagineError {
    let texts = faults.map { "node \($0.node) (\($0.type)): \($0.words)" }
    let message = texts.isEmpty ? words ?? "" : texts.joined(separator: "; ")
    let field = faults.lazy.compactMap { fault in
      fault.input.flatMap { workflow.field(of: ComfyInput(node: fault.node, name: $0)) }
    }.first
    return ImagineError(
      .validation, "\(answer.call.endpoint): \(message.prefix(Self.maxCharacters))",
      status: answer.status, name: type, field: field, endpoint: answer.call.endpoint)
  }
}
