import Foundation
import ImagineAPI
import MediaFiles
import Synchronization

/// An engine whose images are a header and the request's words, and whose videos are two small
/// files. Tests control how long its work takes.
final class StubEngine: Engine {
  /// Blocks work until a test opens it.
  final class Gate: Sendable {
    private let isOpen: Mutex<Bool>

    init(open: Bool) { isOpen = Mutex(open) }

    func open() { isOpen.withLock { $0 = true } }

    var isClosed: Bool { isOpen.withLock { !$0 } }
  }

  let version = "stub"
  let paintGate: Gate
  let videoGate: Gate
  let begun = Mutex(0)
  let painted = Mutex(0)
  /// Images that were cancelled.
  let abandoned = Mutex(0)
  let videosBegun = Mutex(0)
  let videosStopped = Mutex(0)
  /// How many of the next videos fail because of a missing resource.
  let missingResources = Mutex(0)

  /// Names of operations that it does not support.
  let unsupported: Set<String>

  init(
    paintGate: Gate = Gate(open: true), videoGate: Gate = Gate(open: true),
    unsupported: Set<String> = []
  ) {
    self.paintGate = paintGate
    self.videoGate = videoGate
    self.unsupported = unsupported
  }

  func supports(_ operation: MediaOperation) -> Bool {
    !unsupported.contains(operation.name)
  }

  func memory(
    for operation: MediaOperation, image: PixelSize?, aspectRatio: AspectRatio?
  ) throws -> Int { 0 }

  func memory(for conversion: Conversion, image: PixelSize) throws -> Int {
    try PixelBudget.check(
      PixelSize(
        width: conversion.width ?? image.width, height: conversion.height ?? image.height),
      field: "width")
    return 0
  }

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8] {
    begun.withLock { $0 += 1 }
    while paintGate.isClosed {
      if control.isStopped { abandoned.withLock { $0 += 1 } }
      try control.check()
      usleep(1000)
    }
    painted.withLock { $0 += 1 }
    if prompt == "crash" { throw EngineError.failed("the stub was asked to") }
    return Self.png(
      aspectRatio.pixelSize, content: "\(prompt)|\(style.rawValue)|\(seed)")
  }

  func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> VideoFiles {
    videosBegun.withLock { $0 += 1 }
    do {
      repeat {
        try control.report(0.5)
        usleep(1000)
      } while videoGate.isClosed
    } catch {
      videosStopped.withLock { $0 += 1 }
      throw error
    }
    if prompt == "crash" { throw EngineError.failed("the stub was asked to") }
    if prompt == "unusable" { throw EngineError.unusable(field: "file", reason: "it is damaged") }
    let isLacking = missingResources.withLock { left in
      defer { left -= 1 }
      return left > 0
    }
    if isLacking { throw EngineError.resourceMissing("no descriptors") }
    try Data("video of \(prompt), seed \(seed)".utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/a.mp4"))
    try Data("thumbnail of \(prompt)".utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/a.jpg"))
    return VideoFiles(
      video: "\(folder)/a.mp4", thumbnail: "\(folder)/a.jpg", size: aspectRatio.videoSize,
      duration: 2)
  }

  func thumbnail(of image: [UInt8], within box: PixelSize, control: EngineControl) throws
    -> Thumbnail
  {
    let size = Thumbnail.size(of: try Self.size(of: image), within: box)
    guard
      let result = Thumbnail(
        size: size, pixels: Array(repeating: 7, count: 3 * size.width * size.height))
    else { throw EngineError.failed("no thumbnail of \(size)") }
    return result
  }

  /// The files of a step, one after another.
  func perform(_ step: PictureStep, control: EngineControl) throws -> [UInt8] {
    var result: [UInt8] = []
    for input in step.request.images.values.joined() {
      guard case .file(let path) = input, let text = path.text else { continue }
      result += try Data(contentsOf: URL(fileURLWithPath: text))
    }
    return result
  }

  private static func size(of image: [UInt8]) throws -> PixelSize {
    guard let header = ImageHeader(image) else {
      throw EngineError.unusable(field: "image", reason: "the file cannot be decoded")
    }
    return header.size
  }

  func convert(_ image: [UInt8], to conversion: Conversion, control: EngineControl) throws
    -> [UInt8]
  {
    let size = try Self.size(of: image)
    return Self.png(
      PixelSize(
        width: conversion.width ?? size.width, height: conversion.height ?? size.height),
      content: (conversion.isMatte ? "matte|" : "")
        + "\(conversion.format.rawValue)|\(conversion.fit.rawValue)|\(conversion.quality)")
  }

  /// An image with the word "clear" in it has transparent pixels.
  func numbers(of step: PictureStep, control: EngineControl) throws -> [String: Double] {
    guard case .bytes(let image)? = step.request.image(PictureOperation.base) else { return [:] }
    return ["opacity": String(decoding: image, as: UTF8.self).contains("clear") ? 0.5 : 1]
  }

  func png(prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl) throws
    -> [UInt8]
  {
    Self.png(aspectRatio.pixelSize, content: "png|\(prompt)|\(seed)")
  }

  func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool,
    control: EngineControl
  ) throws -> CompositeImage {
    CompositeImage(png: measuresOnly ? nil : try self.edited(image, "composite"), drift: 0)
  }

  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> CutoutImage {
    CutoutImage(png: try edited(image, "remove_background"), confidence: 1)
  }

  func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8] {
    try edited(image, "upscale")
  }

  func fill(prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8]
  {
    try edited(image, "fill|\(prompt)|\(mask.last ?? 0)")
  }

  func retouch(_ image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8] {
    try edited(image, "retouch|\(mask.last ?? 0)")
  }

  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8] {
    try edited(
      image, "resize|\(aspectRatio?.rawValue ?? "-")|\(prompt ?? "-")|\(mask?.last ?? 0)")
  }

  func addBackground(prompt: String, image: [UInt8], seed: Int64, control: EngineControl) throws
    -> [UInt8]
  {
    try edited(image, "add_background|\(prompt)|\(seed)")
  }

  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> VideoFiles {
    try makeVideo(
      prompt: "\(prompt) from \(image.count) bytes in \(aspectRatio?.rawValue ?? "its shape")",
      style: style, aspectRatio: aspectRatio ?? .square, seed: seed, into: folder,
      control: control)
  }

  /// An image of the input's size that contains the request.
  private func edited(_ image: [UInt8], _ content: String) throws -> [UInt8] {
    guard let header = ImageHeader(image) else {
      throw EngineError.unusable(field: "image", reason: "the file cannot be decoded")
    }
    return Self.png(header.size, content: content)
  }

  /// A PNG of a size with alpha and transparent pixels, as ``numbers(of:control:)`` says.
  static func clearPNG(_ size: PixelSize) -> [UInt8] { png(size, content: "\u{8}\u{6}clear") }

  /// Bytes that start like a PNG of a size.
  static func png(_ size: PixelSize, content: String = "") -> [UInt8] {
    let side = { (value: Int) in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
    return signature + Array("IHDR".utf8) + side(size.width) + side(size.height)
      + Array(content.utf8)
  }
}
