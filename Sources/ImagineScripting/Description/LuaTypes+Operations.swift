import ImagineAPI

extension LuaTypes {
  /// The classes of an operation's arguments, named after `prefix` and the operation.
  func classes(of operation: MediaOperation, prefix: String) -> [String] {
    let parent =
      operation.editsInsideMask
      ? "imagine.mask_call" : operation.answer == .image ? "imagine.picture_call" : "imagine.call"
    let call = "\(prefix).\(operation.name)_call"
    guard let image = operation.field("image") else {
      return type(call, parent: parent, operation.fields) + several(call, operation)
    }
    let options = "\(prefix).\(operation.name)_options"
    return type(options, parent: parent, operation.fields.filter { $0.name != image.name })
      + type(call, parent: options, [image]) + several(call, operation)
  }

  /// The class of a call that returns a list: `n` is what tells it from the other.
  private func several(_ call: String, _ operation: MediaOperation) -> [String] {
    let count = CallField.count
    return Self.hasList(operation)
      ? type(
        "\(call)s", parent: call,
        [Field(count.name, count.kind, .required, summary: count.summary)]) : []
  }

  /// Whether the function has a result that depends on `n`. The others are used with an image each.
  private static func hasList(_ operation: MediaOperation) -> Bool {
    operation.answer == .image && operation.fields.filter(\.isRequired).map(\.name) == ["prompt"]
  }

  /// A function of a client.
  func function(of operation: MediaOperation, table: String, prefix: String) -> [String] {
    let call = "\(prefix).\(operation.name)_call"
    let result = Self.result(of: operation)
    var lines = Self.comment(operation)
    switch operation.fields.filter(\.isRequired).map(\.name) {
    case ["prompt"]:
      lines.append("---@param call string|\(call) a prompt, or the fields")
      lines.append("---@return \(result)")
      if Self.hasList(operation) {
        lines.append("---@overload fun(call: \(call)s): \(result)[]")
      }
    case ["image"]:
      lines.append("---@param call imagine.image|\(call) an image, or the fields")
      lines.append("---@return \(result)")
    default:
      lines.append("---@param call \(call)")
      lines.append("---@return \(result)")
    }
    return lines + ["function \(table).\(operation.name)(call) end"]
  }

  /// A method of images.
  func method(of operation: MediaOperation) -> [String] {
    let options = "imagine.\(operation.name)_options"
    let parameter: String =
      switch operation.fields.filter({ $0.isRequired && $0.name != "image" }).map(\.name) {
      case []: "options? \(options)"
      case ["prompt"]: "options string|\(options) a prompt, or the fields"
      default: "options \(options)"
      }
    return Self.comment(operation) + [
      "---@param \(parameter)", "---@return \(Self.result(of: operation))",
      "function Image:\(operation.name)(options) end",
    ]
  }

  private static func result(of operation: MediaOperation) -> String {
    operation.answer == .image ? "imagine.Image" : "imagine.Job"
  }

  private static func comment(_ operation: MediaOperation) -> [String] {
    let list = operation.answer == .image ? "; with `\(CallField.count.name)`, a list of them" : ""
    return [
      "--- \(HelpTopic.sentence(operation.summary))", "---",
      "--- Returns \(operation.result)\(list).",
    ]
  }

  /// A method of images, or a function of `imagine`, that does a step over pixels.
  func function(of step: PictureOperation) -> [String] {
    let operation = step.operation
    let owner =
      switch step.owner {
      case .module: "imagine."
      case .image: "Image:"
      case .video: "Video:"
      }
    let name = owner + step.name
    var lines = [
      "--- \(HelpTopic.sentence(operation.summary))", "---", "--- Returns \(step.result).",
    ]
    var parameters = ""
    if !operation.fields.isEmpty {
      let sole = step.soleField.map { "\(type(of: $0))|" } ?? ""
      let remark = step.soleField.map { " \($0.name), or the fields" } ?? ""
      lines.append("---@param fields \(sole)\(step.typeName)\(remark)")
      parameters = "fields"
    }
    let result =
      step.numbers.isEmpty
      ? (step.makesVideo ? "imagine.Video" : "imagine.Image")
      : "{ \(step.numbers.map { "\($0): number" }.joined(separator: ", ")) }"
    return lines + ["---@return \(result)", "function \(name)(\(parameters)) end"]
  }
}

extension PictureOperation {
  /// The name of the class of its fields.
  var typeName: String { "imagine.\(name)_step" }
}
