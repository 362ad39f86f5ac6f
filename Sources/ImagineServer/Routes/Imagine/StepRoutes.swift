import Hummingbird
import ImagineAPI

/// Steps over pixels, for the host that has no imaging library.
extension ImagineService {
  var stepRoutes: [Route] {
    [Route(.post, "/x/step") { try await perform($0) }]
  }

  /// The field `step` is the step's description as JSON; its images are parts named by field and
  /// number, such as `base.0`.
  private func perform(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let form = try await Form(incoming, by: bodies)
    guard let text = form.content("step"),
      let description = try Value(json: text, name: "field 'step'").table,
      let operation = description["operation"]?.text.flatMap(PictureOperation.named),
      !operation.takesFiles
    else {
      throw APIError.invalid("field 'step': it names no step", field: "step")
    }
    let fields = [PictureOperation.base] + operation.operation.fields.map(\.name)
    var images: [String: [ImageInput]] = [:]
    for field in fields {
      while let bytes = form.content("\(field).\(images[field]?.count ?? 0)") {
        images[field, default: []].append(.bytes(bytes))
      }
    }
    let step = try PictureStep(
      operation, description["fields"]?.table ?? [:], images: images, facts: PictureStep.facts)
    let memory = try engine.memory(for: step)
    guard operation.numbers.isEmpty else {
      return .json(
        try await run(incoming, bytes: memory) { try engine.numbers(of: step, control: $0) })
    }
    return .image(
      try await run(incoming, bytes: memory) {
        try engine.perform(step, control: $0)
      })
  }
}
