import ImagineAPI

/// A call of an ``Engine`` as a value, for an engine in another process. Its images are apart, in the
/// order in which the case names them.
enum EngineCall: Sendable, Codable {
  case paint(prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64)
  case png(prompt: String, aspectRatio: AspectRatio, seed: Int64)
  /// Of an image.
  case removeBackground
  /// Of an image.
  case upscale
  /// Of an image and a mask.
  case fill(prompt: String)
  /// Of an image and a mask.
  case retouch
  /// Of an image, and of a mask if there is a second one.
  case resize(aspectRatio: AspectRatio?, prompt: String?)
  /// Of an image.
  case addBackground(prompt: String, seed: Int64)
  /// Of an image.
  case convert(Conversion)
  /// Of an image.
  case thumbnail(box: PixelSize)
  /// Of an edit, the image that was edited, and the mask.
  case composite(measuresOnly: Bool)
  case step(StepCall)
  case numbers(StepCall)
  case film(StepCall, folder: String)
  case video(prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, folder: String)
  /// Of an image.
  case animate(
    prompt: String, style: String, aspectRatio: AspectRatio?, seed: Int64, folder: String)
}

/// What a call returns; an image or the pixels of a thumbnail are apart.
enum EngineResult: Sendable, Codable {
  case image
  case cutout(confidence: Double)
  /// Without an image if only the drift was asked for.
  case composite(drift: Double, hasImage: Bool)
  case thumbnail(PixelSize)
  case numbers([String: Double])
  /// The name of the file in the call's folder.
  case film(name: String)
  /// The names of the files in the call's folder.
  case video(VideoFiles)
}

/// A step as it was written; its images are apart, or are files.
struct StepCall: Sendable, Codable {
  /// The images of a field.
  enum Images: Sendable, Codable {
    /// How many of the call's images.
    case bytes(Int)
    case files([String])
  }

  var operation: String
  /// The fields as JSON.
  var fields: String
  var images: [String: Images] = [:]

  /// - Throws: ``EngineError`` for images that are no bytes and no files.
  init(_ step: PictureStep) throws {
    operation = step.operation.name
    fields = Value.table(step.request.fields).json
    for (field, inputs) in step.request.images {
      let paths = inputs.compactMap { if case .file(let path) = $0 { path.text } else { nil } }
      let isFiles = !inputs.isEmpty && paths.count == inputs.count
      images[field] = isFiles ? .files(paths) : .bytes(try Self.bytes(of: inputs).count)
    }
  }

  /// The images of a step that are no files, in the order of their fields' names.
  static func bytes(of step: PictureStep) throws -> [[UInt8]] {
    let fields = step.request.images.sorted { $0.key < $1.key }.map(\.value)
    return try fields.filter { if case .file? = $0.first { false } else { true } }
      .flatMap(bytes(of:))
  }

  private static func bytes(of inputs: [ImageInput]) throws -> [[UInt8]] {
    try inputs.map { input in
      guard case .bytes(let bytes) = input else {
        throw EngineError.failed("a step has an image that is neither bytes nor a file")
      }
      return bytes
    }
  }

  /// The folder of its files; nil if it has none.
  var folder: String? {
    for case .files(let paths) in images.values {
      if let path = paths.first { return FilePath(path).parent.text }
    }
    return nil
  }

  /// The step, checked again.
  ///
  /// - Parameter bytes: the images that are no files.
  func step(_ bytes: [[UInt8]]) throws -> PictureStep {
    guard let operation = PictureOperation.named(operation) else {
      throw EngineError.notOffered(operation)
    }
    var rest = bytes[...]
    var inputs: [String: [ImageInput]] = [:]
    for (field, images) in images.sorted(by: { $0.key < $1.key }) {
      switch images {
      case .files(let paths): inputs[field] = paths.map { .file(path: FilePath($0)) }
      case .bytes(let count):
        inputs[field] = rest.prefix(max(0, count)).map { .bytes($0) }
        rest = rest.dropFirst(max(0, count))
      }
    }
    return try PictureStep(
      operation, try Value(json: Array(fields.utf8)).table ?? [:], images: inputs,
      facts: PictureStep.facts)
  }
}

extension EngineCall {
  /// Does the call.
  ///
  /// - Parameter images: in the order that the case names.
  /// - Returns: the result, and the bytes of its image or pixels.
  func perform(
    on engine: any Engine, images: [[UInt8]], _ control: EngineControl
  ) throws -> (EngineResult, bytes: [UInt8]) {
    func image(_ index: Int = 0) throws -> [UInt8] {
      guard images.indices.contains(index) else {
        throw EngineError.unusable(field: "image", reason: "it is missing")
      }
      return images[index]
    }
    switch self {
    case .paint(let prompt, let style, let shape, let seed):
      return (
        .image,
        try engine.paint(
          prompt: prompt, style: style, aspectRatio: shape, seed: seed, control: control)
      )
    case .png(let prompt, let shape, let seed):
      return (
        .image, try engine.png(prompt: prompt, aspectRatio: shape, seed: seed, control: control)
      )
    case .removeBackground:
      let cutout = try engine.removeBackground(image(), control: control)
      return (.cutout(confidence: cutout.confidence), cutout.png)
    case .upscale: return (.image, try engine.upscale(image(), control: control))
    case .fill(let prompt):
      return (
        .image, try engine.fill(prompt: prompt, image: image(), mask: image(1), control: control)
      )
    case .retouch: return (.image, try engine.retouch(image(), mask: image(1), control: control))
    case .resize(let shape, let prompt):
      let mask = images.count > 1 ? images[1] : nil
      return (
        .image,
        try engine.resize(image(), to: shape, prompt: prompt, mask: mask, control: control)
      )
    case .addBackground(let prompt, let seed):
      return (
        .image,
        try engine.addBackground(prompt: prompt, image: image(), seed: seed, control: control)
      )
    case .convert(let conversion):
      return (.image, try engine.convert(image(), to: conversion, control: control))
    case .thumbnail(let box):
      let thumbnail = try engine.thumbnail(of: image(), within: box, control: control)
      return (.thumbnail(thumbnail.size), thumbnail.pixels)
    case .composite(let measuresOnly):
      let composite = try engine.composite(
        image(), over: image(1), mask: image(2), measuresOnly: measuresOnly, control: control)
      return (
        .composite(drift: composite.drift, hasImage: composite.png != nil), composite.png ?? []
      )
    case .step(let step): return (.image, try engine.perform(step.step(images), control: control))
    case .numbers(let step):
      return (.numbers(try engine.numbers(of: step.step(images), control: control)), [])
    case .film(let step, let folder):
      let path = try engine.makeFilm(step.step(images), into: folder, control: control)
      return (.film(name: FilePath(path).name.description), [])
    case .video(let prompt, let style, let shape, let seed, let folder):
      let video = try engine.makeVideo(
        prompt: prompt, style: style, aspectRatio: shape, seed: seed, into: folder,
        control: control)
      return (.video(video.named), [])
    case .animate(let prompt, let style, let shape, let seed, let folder):
      let video = try engine.animate(
        prompt: prompt, image: image(), style: style, aspectRatio: shape, seed: seed, into: folder,
        control: control)
      return (.video(video.named), [])
    }
  }

  /// The folder that the call reads from or writes to; nil if it uses no files.
  var folder: String? {
    switch self {
    case .film(_, let folder), .video(_, _, _, _, let folder), .animate(_, _, _, _, let folder):
      folder
    case .step(let step), .numbers(let step): step.folder
    default: nil
    }
  }

  /// Whether it does a job, which the queue tries again if it fails.
  var isJob: Bool {
    switch self {
    case .video, .animate: true
    default: false
    }
  }
}

extension VideoFiles {
  /// With the names of the files in place of their paths.
  fileprivate var named: VideoFiles {
    var files = self
    files.video = FilePath(video).name.description
    files.thumbnail = FilePath(thumbnail).name.description
    return files
  }
}
