public import ImagineAPI
import MediaFiles

/// An engine whose calls run in ``EngineChildren``. This process decodes and draws nothing.
public struct ChildEngine: Engine {
  /// Tells what the engine of the children can do, and what memory it needs.
  private let base: any Engine
  let children: EngineChildren

  /// - Parameter base: the engine that the children's program has.
  public init(_ base: any Engine, in children: EngineChildren) {
    self.base = base
    self.children = children
  }

  public var version: String { base.version }

  public func supports(_ operation: MediaOperation) -> Bool { base.supports(operation) }

  public func unmetRequirement(for operation: MediaOperation) -> String? {
    base.unmetRequirement(for: operation)
  }

  public func memory(
    for operation: MediaOperation, image: PixelSize?, aspectRatio: AspectRatio?
  ) throws -> Int {
    try base.memory(for: operation, image: image, aspectRatio: aspectRatio)
  }

  public func memory(for conversion: Conversion, image: PixelSize) throws -> Int {
    try base.memory(for: conversion, image: image)
  }

  public func memory(for step: PictureStep) throws -> Int { try base.memory(for: step) }

  // MARK: Images

  public func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8] {
    try image(
      .paint(prompt: prompt, style: style, aspectRatio: aspectRatio, seed: seed),
      of: .generate, shape: aspectRatio, control)
  }

  public func png(
    prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl
  ) throws -> [UInt8] {
    try image(
      .png(prompt: prompt, aspectRatio: aspectRatio, seed: seed), of: .png, shape: aspectRatio,
      control)
  }

  public func removeBackground(
    _ image: [UInt8], control: EngineControl
  ) throws -> CutoutImage {
    let answer = try perform(.removeBackground, of: .removeBackground, [image], control)
    guard case .cutout(let confidence) = answer.result else { throw Self.unexpected }
    return CutoutImage(png: answer.bytes, confidence: confidence)
  }

  public func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8] {
    try self.image(.upscale, of: .upscale, [image], control)
  }

  public func fill(
    prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl
  ) throws -> [UInt8] {
    try self.image(.fill(prompt: prompt), of: .fill, [image, mask], control)
  }

  public func retouch(
    _ image: [UInt8], mask: [UInt8], control: EngineControl
  ) throws -> [UInt8] {
    try self.image(.retouch, of: .retouch, [image, mask], control)
  }

  public func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8] {
    try self.image(
      .resize(aspectRatio: aspectRatio, prompt: prompt), of: .resize,
      [image] + (mask.map { [$0] } ?? []), shape: aspectRatio, control)
  }

  public func addBackground(
    prompt: String, image: [UInt8], seed: Int64, control: EngineControl
  ) throws -> [UInt8] {
    try self.image(
      .addBackground(prompt: prompt, seed: seed), of: .addBackground, [image], control)
  }

  public func convert(
    _ image: [UInt8], to conversion: Conversion, control: EngineControl
  ) throws -> [UInt8] {
    let memory = try base.memory(for: conversion, image: Self.size(of: image))
    return try children.perform(.convert(conversion), images: [image], memory: memory, control)
      .bytes
  }

  public func thumbnail(
    of image: [UInt8], within box: PixelSize, control: EngineControl
  ) throws -> Thumbnail {
    let conversion = Conversion(format: .png, width: box.width, height: box.height)
    let memory = try base.memory(for: conversion, image: Self.size(of: image))
    let answer = try children.perform(
      .thumbnail(box: box), images: [image], memory: memory, control)
    guard case .thumbnail(let size) = answer.0,
      let thumbnail = Thumbnail(size: size, pixels: answer.bytes)
    else { throw Self.unexpected }
    return thumbnail
  }

  public func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool,
    control: EngineControl
  ) throws -> CompositeImage {
    let answer = try perform(
      .composite(measuresOnly: measuresOnly), of: .composite, [edited, image, mask], control)
    guard case .composite(let drift, let hasImage) = answer.result else { throw Self.unexpected }
    return CompositeImage(png: hasImage ? answer.bytes : nil, drift: drift)
  }

  // MARK: Steps

  public func perform(_ step: PictureStep, control: EngineControl) throws -> [UInt8] {
    try perform(.step(StepCall(step)), step, control).bytes
  }

  public func numbers(of step: PictureStep, control: EngineControl) throws -> [String: Double] {
    guard case .numbers(let numbers) = try perform(.numbers(StepCall(step)), step, control).0
    else { throw Self.unexpected }
    return numbers
  }

  public func makeFilm(
    _ step: PictureStep, into folder: String, control: EngineControl
  ) throws -> String {
    let call = EngineCall.film(try StepCall(step), folder: folder)
    guard case .film(let name) = try perform(call, step, control).0 else { throw Self.unexpected }
    return try Self.path(of: name, in: folder)
  }

  private func perform(
    _ call: EngineCall, _ step: PictureStep, _ control: EngineControl
  ) throws -> (EngineResult, bytes: [UInt8]) {
    try children.perform(
      call, images: StepCall.bytes(of: step), memory: base.memory(for: step), control)
  }

  // MARK: Videos

  public func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> VideoFiles {
    let call = EngineCall.video(
      prompt: prompt, style: style, aspectRatio: aspectRatio, seed: seed, folder: folder)
    return try video(
      perform(call, of: .video, [], shape: aspectRatio, control).result, in: folder)
  }

  public func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> VideoFiles {
    let call = EngineCall.animate(
      prompt: prompt, style: style, aspectRatio: aspectRatio, seed: seed, folder: folder)
    return try video(
      perform(call, of: .animate, [image], shape: aspectRatio, control).result, in: folder)
  }

  private func video(_ result: EngineResult, in folder: String) throws -> VideoFiles {
    guard case .video(var files) = result else { throw Self.unexpected }
    files.video = try Self.path(of: files.video, in: folder)
    files.thumbnail = try Self.path(of: files.thumbnail, in: folder)
    return files
  }

  // MARK: Calls

  private func image(
    _ call: EngineCall, of operation: MediaOperation, _ images: [[UInt8]] = [],
    shape: AspectRatio? = nil, _ control: EngineControl
  ) throws -> [UInt8] {
    try perform(call, of: operation, images, shape: shape, control).bytes
  }

  private func perform(
    _ call: EngineCall, of operation: MediaOperation, _ images: [[UInt8]],
    shape: AspectRatio? = nil, _ control: EngineControl
  ) throws -> (result: EngineResult, bytes: [UInt8]) {
    let sizes = try images.map(Self.size)
    let largest = sizes.max { $0.width * $0.height < $1.width * $1.height }
    let memory = try base.memory(for: operation, image: largest, aspectRatio: shape)
    let answer = try children.perform(call, images: images, memory: memory, control)
    return (answer.0, answer.bytes)
  }

  private static func size(of image: [UInt8]) throws -> PixelSize {
    guard let size = ImageHeader(image)?.size else {
      throw EngineError.unusable(
        field: "image", reason: "the file is not an image (expected \(ImageHeader.expectation))")
    }
    try PixelBudget.check(size, field: "image")
    return size
  }

  /// The path of a file that a child says it has made: a name in the folder, whatever it says.
  private static func path(of name: String, in folder: String) throws -> String {
    guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.contains("\0") else {
      throw unexpected
    }
    return "\(folder)/\(name)"
  }

  private static let unexpected = EngineError.aborted("the image's process gave a wrong answer")
}
