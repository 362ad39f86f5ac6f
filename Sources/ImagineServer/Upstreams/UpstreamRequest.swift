import ImagineAPI
import ImagineProviders
import MediaFiles

/// A call in an upstream's terms: what is sent, and what its images must become.
struct UpstreamRequest: Sendable {
  /// What the images must become.
  struct Target: Sendable, Hashable {
    /// The exact size; nil for any.
    var size: PixelSize?
    /// The shape, and the size of an image that has another one; nil for any.
    var shape: PixelSize?
    var format: ImageFormat
    var quality: Int
    /// Whether the original is put back outside the mask.
    var restoresOutsideMask: Bool
  }

  let request: ImagineAPI.Request
  let target: Target

  /// - Throws: ``APIError`` that names what the upstream cannot do.
  init(_ call: ImageCall, at upstream: Upstream) throws(APIError) {
    let asked = call.request
    let name = call.model ?? asked.style ?? asked.operation.name
    guard let operation = upstream.operation(asked.operation.name) else {
      throw APIError(
        .unsupported, "\(asked.operation.title) is not available from '\(name)'",
        field: call.model == nil ? nil : "model")
    }
    var arguments = try Self.arguments(of: asked, by: operation, name)
    if operation.field("model")?.hostDefault == nil, operation.field("model") != nil {
      arguments["model"] = (call.model ?? asked.style).map(Value.text)
    }
    if operation.field("style") != nil {
      let isNamed = asked.operation.name == MediaOperation.generate.name
      arguments["style"] = ((isNamed ? call.model : nil) ?? asked.style).map(Value.text)
    }
    if arguments["seed"] == nil, operation.takesSeed, upstream.provider.profile.choosesSeeds {
      arguments["seed"] = .integer(call.drawnSeed ?? .random(in: 1...2_147_483_647))
    }
    let shape = Shape(call)
    let model = arguments["model"]?.text ?? operation.field("model")?.hostDefault
    arguments.merge(shape.arguments(for: operation, model: model)) { $1 }
    do throws(ImagineError) {
      request = try operation.request(from: arguments, images: asked.images, source: .script)
    } catch {
      throw .invalid(error.message, field: error.field)
    }
    target = Target(
      size: shape.exact, shape: shape.loose, format: call.format,
      quality: call.quality ?? Conversion.standardQuality,
      restoresOutsideMask: asked.operation.editsInsideMask
        && !upstream.provider.profile.keepsOutsideMask)
  }

  /// The fields that mean the same at the upstream.
  private static func arguments(
    of asked: ImagineAPI.Request, by operation: MediaOperation, _ name: String
  ) throws(APIError) -> [String: Value] {
    var arguments: [String: Value] = [:]
    for field in asked.operation.fields where !["style", "aspect_ratio"].contains(field.name) {
      guard asked.has(field.name) else { continue }
      guard operation.field(field.name) != nil else {
        throw .invalid(
          "field '\(field.wireName)': '\(name)' does not take it in \(operation.title)",
          field: field.wireName)
      }
      arguments[field.name] = asked[field.name]
    }
    return arguments
  }
}

/// The size and shape of a call's images.
private struct Shape {
  /// The exact size; nil for any.
  let exact: PixelSize?
  /// The shape if any size will do; nil for any.
  let loose: PixelSize?
  private let ratio: AspectRatio?
  /// Whether the size is that of the image that is edited.
  private let isOfInput: Bool
  private let isVideo: Bool

  init(_ call: ImageCall) {
    let request = call.request
    var input: PixelSize?
    if case .bytes(let bytes)? = request.image("image") { input = ImageHeader(bytes)?.size }
    let keeping = [
      MediaOperation.fill, .retouch, .addBackground, .removeBackground, .resize,
    ].map(\.name)
    ratio = request.aspectRatio
    let keepsInput = keeping.contains(request.operation.name) && ratio == nil
    isVideo = request.operation.answer == .job
    isOfInput = call.size == nil && keepsInput
    exact = call.size ?? (keepsInput ? input : nil)
    loose = call.size == nil ? ratio?.pixelSize : nil
  }

  /// The fields that ask for the size, or for the nearest that covers it.
  func arguments(for operation: MediaOperation, model: String?) -> [String: Value] {
    guard !isOfInput else { return [:] }
    let hasRatio = operation.field("aspect_ratio") != nil
    if exact == nil, let ratio, hasRatio, operation.field("size") == nil || isVideo {
      return ["aspect_ratio": .text(ratio.rawValue)]
    }
    guard let size = exact ?? (isVideo ? ratio?.videoSize : loose) else { return [:] }
    if let width = operation.field("width"), let height = operation.field("height") {
      return [
        "width": .integer(Self.side(size.width, width)),
        "height": .integer(Self.side(size.height, height)),
      ]
    }
    if let field = operation.field("size") {
      let sizes =
        field.allowedNames.map { ImageSizes.listed($0.compactMap(PixelSize.init(_:))) }
        ?? ImageSizes(ofModel: model)
      return ["size": .text(sizes.covering(size).description)]
    }
    guard hasRatio else { return [:] }
    return ["aspect_ratio": .text(AspectRatio.nearest(to: size).rawValue)]
  }

  /// The least side that a model can have and that is as long: models compute with blocks.
  private static func side(_ pixels: Int, _ field: Field) -> Int64 {
    let step = SDAPIService.step
    let side = Int64((pixels + step - 1) / step * step)
    guard case .integer(let range) = field.kind else { return side }
    return min(max(side, range.lowerBound), range.upperBound)
  }
}

extension ImageSizes {
  /// The size to ask for if a size is wanted that need not be among these: of the nearest shape, the
  /// smallest that covers it, else the largest.
  fileprivate func covering(_ wanted: PixelSize) -> PixelSize {
    switch self {
    case .flexible:
      func rounded(_ side: Int) -> Int { (side + 15) / 16 * 16 }
      let size = PixelSize(width: rounded(wanted.width), height: rounded(wanted.height))
      return contains(size)
        ? size : nearest(inShapeOf: wanted) ?? AspectRatio.nearest(to: wanted).pixelSize
    case .listed(let sizes): return Self.covering(wanted, among: sizes)
    case .unknown: return Self.covering(wanted, among: PixelSize.openAISizes)
    }
  }

  private static func covering(_ wanted: PixelSize, among sizes: [PixelSize]) -> PixelSize {
    let covering = sizes.filter { $0.width >= wanted.width && $0.height >= wanted.height }
    func area(_ size: PixelSize) -> Int { size.width * size.height }
    let best = (covering.isEmpty ? sizes : covering).min { left, right in
      let (one, other) = (left.distance(toShapeOf: wanted), right.distance(toShapeOf: wanted))
      if abs(one - other) > 1e-9 { return one < other }
      return covering.isEmpty ? area(left) > area(right) : area(left) < area(right)
    }
    return best ?? wanted
  }
}

extension PixelSize {
  /// How much wider or narrower it is: 0 for the same shape.
  fileprivate func distance(toShapeOf other: PixelSize) -> Double {
    let ratio = Double(width) * Double(other.height) / (Double(height) * Double(other.width))
    return ratio < 1 ? 1 / ratio - 1 : ratio - 1
  }
}
