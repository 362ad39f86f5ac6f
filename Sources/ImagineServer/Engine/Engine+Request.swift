import ImagineAPI
import ImagineSystem
import ServerStore

/// Maps checked requests to the engine's functions.
extension Engine {
  /// Runs a request whose operation returns images.
  ///
  /// - Throws: the engine's errors; ``APIError`` 1206 for an operation that has no function here, and
  ///   1100 for a field that is not in `MediaOperation.builtIn`: it would be ignored.
  func makeImages(_ request: Request, _ control: EngineControl) throws -> [EngineImage] {
    if let own = MediaOperation.builtIn.first(where: { $0.name == request.operation.name }),
      let field = request.operation.fields.first(where: {
        own.field($0.name) == nil && request.has($0.name)
      })
    {
      throw APIError.invalid(
        "field '\(field.wireName)': this server's engine does not take it in \(own.title)",
        field: field.wireName)
    }
    return try (0..<request.count).map { index in
      try control.report(Double(index) / Double(request.count))
      let seed = request.seed.map { request.operation.seed($0, plus: index) }
      guard request.operation.name != MediaOperation.removeBackground.name else {
        let cutout = try removeBackground(request.bytes("image"), control: control)
        return EngineImage(bytes: cutout.png, confidence: cutout.confidence)
      }
      return EngineImage(
        bytes: try makeImage(seed.map { request.with(seed: $0) } ?? request, control), seed: seed)
    }
  }

  private func makeImage(_ request: Request, _ control: EngineControl) throws -> [UInt8] {
    let prompt = request.prompt ?? ""
    let shape = request.aspectRatio
    let seed = request.seed ?? 1
    switch request.operation.name {
    case MediaOperation.generate.name:
      return try paint(
        prompt: prompt, style: request.style.flatMap(ImageStyle.init(rawValue:)) ?? .standard,
        aspectRatio: shape ?? .square, seed: seed, control: control)
    case MediaOperation.png.name:
      return try png(
        prompt: prompt, aspectRatio: shape ?? .square, seed: seed, control: control)
    case MediaOperation.upscale.name:
      return try upscale(request.bytes("image"), control: control)
    case MediaOperation.fill.name:
      return try fill(
        prompt: prompt, image: request.bytes("image"), mask: request.bytes("mask"),
        control: control)
    case MediaOperation.retouch.name:
      return try retouch(
        request.bytes("image"), mask: request.bytes("mask"), control: control)
    case MediaOperation.resize.name:
      return try resize(
        request.bytes("image"), to: shape, prompt: request.prompt,
        mask: request.image("mask") == nil ? nil : request.bytes("mask"), control: control)
    case MediaOperation.addBackground.name:
      return try addBackground(
        prompt: prompt, image: request.bytes("image"), seed: seed, control: control)
    case MediaOperation.convert.name:
      return try convert(
        request.bytes("image"), to: Conversion(request.fields, format: .png), control: control)
    default:
      throw APIError.notOffered(request.operation.title)
    }
  }

  /// Does a job's work. The video is fsynced when it returns.
  ///
  /// - Parameter input: path of the job's input image, if its operation takes one.
  func makeVideo(
    _ work: StoredJob.Work, input: String?, into folder: String, _ control: WorkControl
  ) throws {
    let video: VideoFiles
    if let input {
      guard let image = try FilePath(input).readSmallFile() else {
        throw EngineError.unusable(field: "file", reason: "the server has lost the image")
      }
      video = try animate(
        prompt: work.prompt, image: image, style: work.style, aspectRatio: work.aspectRatio,
        seed: work.seed, into: folder, control: control.engine)
    } else {
      video = try makeVideo(
        prompt: work.prompt, style: work.style, aspectRatio: work.aspectRatio ?? .sixteenToNine,
        seed: work.seed, into: folder, control: control.engine)
    }
    try FilePath(video.video).rename(to: MediaLinks.File.video.rawValue)
    try FilePath(video.thumbnail).rename(to: MediaLinks.File.thumbnail.rawValue)
    try FilePath(folder).sync()
  }
}

/// An image that the engine has made.
struct EngineImage: Sendable {
  var bytes: [UInt8]
  /// How likely it is what was asked for, 0 … 1; nil where that is no question.
  var confidence: Double?
  /// The version of the engine that made it; nil for a model.
  var engine: String?
  /// The seed that made it; nil where none did.
  var seed: Int64?

  init(bytes: [UInt8], confidence: Double? = nil, seed: Int64? = nil) {
    self.bytes = bytes
    self.confidence = confidence
    self.seed = seed
  }

  /// - Parameter bytes: those of the output's file.
  init(_ output: Output, bytes: [UInt8]) {
    self.bytes = bytes
    confidence = output.confidence
    engine = output.engine
    seed = output.seed
  }
}

extension Request {
  /// The bytes of an image field.
  fileprivate func bytes(_ field: String) throws -> [UInt8] {
    guard case .bytes(let bytes)? = image(field) else {
      throw APIError.invalid("field '\(field)' is missing", field: field)
    }
    return bytes
  }
}
