/// The fields of operations at ComfyUI. A workflow has those that its description maps to its nodes,
/// and others under any name.
public enum ComfyField {
  /// Names the workflow and its content, so that a changed file is another call.
  public static let workflow = "workflow"

  public static let seed = Field(
    "seed", .integer(0...Int64.max), .optional,
    summary: "the seed; chosen by the host if none is given")

  public static let aspectRatio = Field.shape

  public static func side(_ name: String) -> Field {
    Field(
      name, .integer(Int64(PixelSize.sides.lowerBound)...Int64(PixelSize.sides.upperBound)),
      .optional, unit: "pixels", summary: "the \(name); by default that of the workflow")
  }

  /// A field that has one meaning in every workflow; nil for any other name.
  public static func named(_ name: String, of operation: MediaOperation) -> Field? {
    switch name {
    case "prompt": operation.field("prompt") ?? .optionalPrompt
    case "image", "mask": operation.field(name)
    case "seed": seed
    case "negative_prompt": .negativePrompt
    case "width", "height": side(name)
    default: nil
    }
  }

  /// The operations with the usual fields, as far as they are known without a workflow.
  static let operations = MediaOperation.all.map { operation in
    let names = ["prompt", "image", "mask", "negative_prompt", "width", "height", "seed"]
    return operation.with(
      path: "/prompt",
      fields: names.compactMap { named($0, of: operation) } + [aspectRatio])
  }
}
