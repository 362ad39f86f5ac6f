import HTTPTypes
import Hummingbird
import ImagineAPI

/// The models under `/v1` and `/sdapi`.
enum OpenAIModel {
  /// The model of llm.vin, whose place this server can take.
  static let id = BuiltInProvider.llmvin.model ?? ""
  /// The style of the model's images.
  static let style = ImageStyle.fluxDev
  /// The models of videos: the styles of the Imagine API.
  static let videos = VideoStyle.known
}

extension ImagineService {
  /// The models of images: the engine's, and those of the upstreams.
  var imageModels: [String] {
    [OpenAIModel.id] + upstreams.models.filter { $0 != OpenAIModel.id }
  }

  /// The model that a name or an alias stands for.
  ///
  /// - Parameter models: those to choose from; nil for those of images.
  /// - Throws: ``APIError`` with 404 for an unknown model.
  func model(_ name: String, among models: [String]? = nil) throws(APIError) -> String {
    let model = configuration.modelAliases[name, default: name]
    guard (models ?? imageModels).contains(model) else {
      throw APIError(
        .requestInvalid, "The model '\(name.prefix(80))' does not exist", status: 404,
        field: "model")
    }
    return model
  }

  /// The request of a body, which is JSON or a form.
  func openAIRequest(
    for operation: MediaOperation, from incoming: IncomingRequest
  ) async throws -> ImagineAPI.Request {
    let type = HeaderValue(incoming.http.headers[.contentType] ?? "").main.lowercased()
    guard type != "multipart/form-data" else {
      return try await Form(incoming, by: bodies).request(for: operation)
    }
    let takesImages = operation.fields.contains { $0.maxImages > 0 }
    let body = try await bodies.read(
      incoming, most: takesImages ? nil : configuration.limits.jsonBytes)
    return try JSONFields(body).request(for: operation)
  }
}

/// What a request of the image routes of `/v1` says about its answer.
struct OpenAIOutput {
  let format: ImageFormat
  /// Of lossy formats, 1 … 100.
  let quality: Int
  let count: Int
  /// Nil to leave it to the operation.
  let size: PixelSize?
  let isStream: Bool
  /// Whether the images are in the answer, not at addresses.
  let hasBytes: Bool
  /// What the answer repeats.
  let background: String
  let effort: String

  init(_ request: ImagineAPI.Request) throws {
    try request.checkTransparency()
    format = request["output_format"]?.text.flatMap(ImageFormat.init(rawValue:)) ?? .png
    quality = max(1, Int(request["output_compression"]?.integer ?? 100))
    count = Int(request["n"]?.integer ?? 1)
    size = try Self.size(request["size"]?.text)
    background = request["background"]?.text ?? "auto"
    effort = request["quality"]?.text ?? "auto"
    isStream = request["stream"]?.flag ?? false
    let place = request["response_format"]?.text
    guard !isStream || place != "url" else {
      throw APIError.invalid(
        "field 'response_format': the events of a stream have base64, not addresses",
        field: "response_format")
    }
    // Clients of these models send no response_format and expect the bytes.
    let isOpenAIName = request["model"]?.text?.hasPrefix("gpt-image") ?? false
    hasBytes = place.map { $0 == "b64_json" } ?? isOpenAIName
  }

  var isTransparent: Bool { background == "transparent" }

  /// - Throws: ``APIError`` with the vendor's words.
  private static func size(_ text: String?) throws(APIError) -> PixelSize? {
    guard let text, text != "auto" else { return nil }
    guard let size = PixelSize(text) else {
      throw .invalid(
        "Invalid image size '\(text.prefix(40))'. Allowed sizes: auto, or"
          + " \(ServedSizes.expectation)", field: "size")
    }
    if let fault = ServedSizes.fault(of: size) {
      throw .invalid("Invalid image size: \(fault)", field: "size")
    }
    return size
  }
}
