public import ImagineAPI

/// The workflows of a provider of the kind `comfy`, as its description names them.
///
/// ```toml
/// [providers.comfy.workflows.generate]
/// file = "flux.api.json"
/// inputs = { prompt = "6.text", seed = "3.seed" }
/// output = "9"
/// ```
public struct ComfyService: Sendable, Hashable {
  /// By the name of the operation.
  let workflows: [String: ComfyWorkflow]

  /// Reads the files, once.
  ///
  /// - Parameters:
  ///   - settings: the table `workflows`.
  ///   - folder: where relative paths begin; nil for the working folder.
  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the mistake, or of kind
  ///   `io` if a file cannot be read.
  public init(_ settings: ConfigTable, filesIn folder: String?) throws(ImagineError) {
    try settings.allow(MediaOperation.all.map(\.name))
    guard !settings.keys.isEmpty else {
      throw .missing(
        field: MediaOperation.generate.name, of: settings.place,
        expected: "a table such as { file = \"flux.api.json\", inputs = { prompt = \"6.text\" } }")
    }
    var workflows: [String: ComfyWorkflow] = [:]
    for name in settings.keys {
      guard let operation = MediaOperation.named(name), let table = try settings.table(name) else {
        continue
      }
      workflows[name] = try Self.workflow(table, for: operation, filesIn: folder)
    }
    self.workflows = workflows
  }

  /// The operations with the fields of their workflows.
  public var operations: [MediaOperation] {
    MediaOperation.all.compactMap { workflows[$0.name]?.operation }
  }

  private static func workflow(
    _ table: ConfigTable, for operation: MediaOperation, filesIn folder: String?
  ) throws(ImagineError) -> ComfyWorkflow {
    try table.allow(["file", "inputs", "output"])
    guard let file = try table.text("file") else {
      throw .missing(
        field: "file", of: table.place, expected: "the path of a workflow in API format")
    }
    let path = file.hasPrefix("/") || folder == nil ? file : "\(folder ?? "")/\(file)"
    let graph: ComfyGraph
    do {
      graph = try ComfyGraph(file: FilePath(path))
    } catch var error {
      error.message = "\(table.place).file: \(error.message)"
      error.field = "\(table.place).file"
      throw error
    }
    var inputs: [String: [ComfyInput]] = [:]
    if let named = try table.table("inputs") {
      for name in named.keys { inputs[name] = try Self.inputs(named, name) }
    }
    return try ComfyWorkflow(
      graph, inputs: inputs, output: try output(table), for: operation,
      file: String(file.split(separator: "/").last ?? ""), in: table.place)
  }

  /// A node and an input, or a list of them.
  private static func inputs(
    _ table: ConfigTable, _ name: String
  ) throws(ImagineError) -> [ComfyInput] {
    let words: [String]
    if let word = try? table.text(name) {
      words = [word]
    } else {
      words = try table.texts(name) ?? []
    }
    var inputs: [ComfyInput] = []
    for word in words {
      guard let input = ComfyInput(word) else {
        throw .invalid(
          field: "\(table.place).\(name)", given: "\"\(word)\"",
          expected: "a node's id and an input's name, such as \"6.text\"")
      }
      inputs.append(input)
    }
    return inputs
  }

  /// The id of a node may be written as a number.
  private static func output(_ table: ConfigTable) throws(ImagineError) -> String? {
    if let number = try? table.number("output"), let id = Int(exactly: number) { return String(id) }
    return try table.text("output")
  }
}
