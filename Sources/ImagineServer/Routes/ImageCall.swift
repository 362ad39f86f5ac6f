import ImagineAPI
import MediaFiles

/// An image call in the server's own terms, whatever dialect asked for it.
struct ImageCall: Sendable {
  /// An operation of the Imagine API and its fields.
  var request: ImagineAPI.Request
  /// The model that `/v1` or `/sdapi` named; nil for `/v2`, whose `style` names it.
  var model: String?
  /// The size in pixels, if the dialect asks for one: the image is made at the nearest shape, scaled
  /// to cover the size, and cropped.
  var size: PixelSize?
  var count = 1
  var format = ImageFormat.png
  /// Of lossy formats, 1 … 100.
  var quality: Int?
  /// The seed that is used where none is asked for.
  var drawnSeed: Int64?
}

extension ImageCall {
  /// Text to Image, or Text to PNG, at a size.
  static func painting(
    _ prompt: String, isTransparent: Bool = false, seed: Int64?, size: PixelSize, model: String
  ) throws -> ImageCall {
    let operation = isTransparent ? MediaOperation.png : .generate
    let request = try operation.request(
      from: [
        "prompt": .text(prompt), "style": .text(OpenAIModel.style.rawValue),
        "aspect_ratio": .text(AspectRatio.nearest(to: size).rawValue),
      ], source: .wire)
    return ImageCall(
      request: seed.map { request.with(seed: $0) } ?? request, model: model, size: size)
  }

  /// Generative Fill, or Retouch if there is no prompt.
  ///
  /// - Parameter mask: white where the image is edited.
  static func filling(
    _ prompt: String?, image: [UInt8], mask: [UInt8], model: String
  ) throws -> ImageCall {
    let operation = prompt == nil ? MediaOperation.retouch : .fill
    return ImageCall(
      request: try operation.request(
        from: prompt.map { ["prompt": .text($0)] } ?? [:],
        images: ["image": [.bytes(image)], "mask": [.bytes(mask)]], source: .wire),
      model: model)
  }

  /// With ``drawnSeed`` if none is asked for and the operation takes one.
  var withSeed: ImageCall {
    var call = self
    if request.seed == nil, let drawnSeed { call.request = request.with(seed: drawnSeed) }
    call.request.count = count
    return call
  }

  /// What an image that was made must be converted to; nil if it is as the call asks for.
  func conversion(of image: [UInt8]) -> Conversion? {
    guard let made = ImageHeader(image), made.format != format || made.size != size ?? made.size
    else { return nil }
    return conversion(to: size ?? made.size)
  }

  fileprivate func conversion(to size: PixelSize) -> Conversion {
    Conversion(
      format: format, width: size.width, height: size.height, fit: .cover,
      quality: quality ?? Conversion.standardQuality)
  }
}

extension Engine {
  /// The approximate peak memory of a call, in bytes.
  ///
  /// - Parameter image: the size of the input image, if there is one.
  /// - Throws: as ``Engine/memory(for:image:aspectRatio:)``.
  func memory(for call: ImageCall, image: PixelSize?) throws -> Int {
    let request = call.request
    var made = image ?? (request.aspectRatio ?? .square).pixelSize
    guard request.operation.name != MediaOperation.convert.name else {
      return try memory(for: Conversion(request.fields, format: call.format), image: made)
    }
    let bytes = try memory(
      for: request.operation, image: image, aspectRatio: request.aspectRatio)
    guard let size = call.size else { return bytes }
    if request.operation.name == MediaOperation.upscale.name {
      made = PixelSize(width: 2 * made.width, height: 2 * made.height)
    }
    return max(bytes, try memory(for: call.conversion(to: size), image: made))
  }
}
