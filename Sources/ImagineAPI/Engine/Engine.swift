/// Makes the images and videos that the HTTP API returns.
///
/// The server uses an engine only through this protocol; `ImagineEngine` has the built-in one.
/// Every function is synchronous and computes for a long time: the server calls it on a thread pool,
/// never on an event loop. Equal arguments always give equal bytes.
///
/// Images are passed as encoded files (PNG, JPEG, WebP, …). An unusable input image throws
/// ``EngineError/unusable(field:reason:)``. Every function checks its ``EngineControl`` and throws
/// ``EngineControl/Stop`` soon after the call is cancelled or its deadline passes.
public protocol Engine: Sendable {
  /// The engine's version. It changes whenever an equal request would give other pixels.
  var version: String { get }

  /// Whether the engine implements an operation. The server refuses any other before it is queued,
  /// recorded or charged.
  func supports(_ operation: MediaOperation) -> Bool

  /// Why an operation cannot run at present, such as a missing program, in words for the caller;
  /// nil if it can.
  func unmetRequirement(for operation: MediaOperation) -> String?

  /// The approximate peak memory of an operation, in bytes.
  ///
  /// - Parameters:
  ///   - image: size of the input image, if the operation takes one.
  ///   - aspectRatio: the requested shape, if any.
  /// - Throws: ``EngineError/unusable(field:reason:)`` if the result or an intermediate image would
  ///   exceed the ``PixelBudget``.
  func memory(for operation: MediaOperation, image: PixelSize?, aspectRatio: AspectRatio?) throws
    -> Int

  /// The approximate peak memory of a conversion, in bytes.
  ///
  /// - Throws: as ``memory(for:image:aspectRatio:)``, with the field that is too large.
  func memory(for conversion: Conversion, image: PixelSize) throws -> Int

  /// Text to Image: a PNG of `aspectRatio.pixelSize`.
  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8]

  /// Text to Video: writes a video of `aspectRatio.videoSize` to `folder`, and reports progress.
  ///
  /// If it throws, it leaves nothing in the folder.
  func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> VideoFiles

  /// Converts an image to another format or size: `/x/convert`.
  func convert(_ image: [UInt8], to conversion: Conversion, control: EngineControl) throws
    -> [UInt8]

  /// A small copy of an image, of its shape and within a box: `/x/thumbnail`. What is transparent
  /// shows a checkerboard.
  func thumbnail(of image: [UInt8], within box: PixelSize, control: EngineControl) throws
    -> Thumbnail

  /// An edit of an image with the original outside the mask: `/x/composite`.
  ///
  /// - Parameter measuresOnly: whether only the drift is asked for.
  func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool,
    control: EngineControl
  ) throws -> CompositeImage

  /// The approximate peak memory of a step over pixels, in bytes.
  ///
  /// - Throws: as ``memory(for:image:aspectRatio:)``.
  func memory(for step: PictureStep) throws -> Int

  /// Does a step over the pixels of its images, which have their bytes (`/x/step`) or are files
  /// (`/x/files`). The result is a PNG of the step's size, unless only the pixels tell the size.
  func perform(_ step: PictureStep, control: EngineControl) throws -> [UInt8]

  /// The numbers that a step returns, by name: 0 … 1.
  func numbers(of step: PictureStep, control: EngineControl) throws -> [String: Double]

  /// Makes a film of stills and parts of videos, whose inputs are files: `/x/files`.
  ///
  /// - Returns: the path of an MP4 in the folder.
  func makeFilm(_ step: PictureStep, into folder: String, control: EngineControl) throws -> String

  /// Text to PNG: the prompt's subject alone, a PNG of `aspectRatio.pixelSize` with alpha.
  func png(prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl) throws
    -> [UInt8]

  /// Background Remover: a PNG of the image's size, transparent where the background was.
  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> CutoutImage

  /// Image Upscale: a PNG of twice the width and height.
  func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8]

  /// Generative Fill: paints the prompt where the mask is set; a PNG of the image's size.
  func fill(prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl) throws
    -> [UInt8]

  /// Retouch: removes what the mask covers; a PNG of the image's size.
  func retouch(_ image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8]

  /// AI Resize: another shape without stretching, a PNG. What the mask covers is not distorted. The
  /// prompt says what to paint in areas that are added.
  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8]

  /// AI Backgrounds: the image's subject in front of a painted background, a PNG.
  func addBackground(prompt: String, image: [UInt8], seed: Int64, control: EngineControl) throws
    -> [UInt8]

  /// Image to Video: as ``makeVideo(prompt:style:aspectRatio:seed:into:control:)``, from an image.
  /// Without an aspect ratio, uses the one of `AspectRatio.video` nearest to the image's.
  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> VideoFiles
}

extension Engine {
  public func unmetRequirement(for operation: MediaOperation) -> String? { nil }

  public func memory(for step: PictureStep) throws -> Int { 0 }

  public func numbers(
    of step: PictureStep, control: EngineControl
  ) throws -> [String: Double] {
    throw EngineError.notOffered(step.operation.name)
  }

  public func makeFilm(
    _ step: PictureStep, into folder: String, control: EngineControl
  ) throws -> String {
    throw EngineError.notOffered(step.operation.name)
  }

  public func perform(_ step: PictureStep, control: EngineControl) throws -> [UInt8] {
    throw EngineError.notOffered(step.operation.name)
  }
}

/// A finished video: two files in the folder that the engine was given.
public struct VideoFiles: Sendable, Hashable, Codable {
  /// Path of the video, H.264 in MP4.
  public var video: String
  /// Path of the thumbnail, a JPEG of the video's size.
  public var thumbnail: String
  /// Pixels.
  public var size: PixelSize
  /// Seconds.
  public var duration: Double

  /// The duration of each video of the built-in engine, in seconds.
  public static let standardSeconds = 4
  public static let framesPerSecond = 24

  public init(video: String, thumbnail: String, size: PixelSize, duration: Double) {
    self.video = video
    self.thumbnail = thumbnail
    self.size = size
    self.duration = duration
  }
}

/// A subject without its background.
public struct CutoutImage: Sendable, Hashable {
  public var png: [UInt8]
  /// How likely it is the whole subject and nothing else, 0 … 1.
  public var confidence: Double

  /// Below this the subject is more likely missed than found.
  public static let leastConfidence = 0.5

  public init(png: [UInt8], confidence: Double) {
    self.png = png
    self.confidence = confidence
  }
}

/// An edit with the original outside the mask.
public struct CompositeImage: Sendable, Hashable {
  /// Nil if only the drift was asked for.
  public var png: [UInt8]?
  /// As ``Composite/drift``.
  public var drift: Double

  public init(png: [UInt8]?, drift: Double) {
    self.png = png
    self.drift = drift
  }
}

/// Why an engine call failed.
public enum EngineError: Error, Sendable, Equatable, Codable {
  /// The image in `field` cannot be used: damaged, too large, of another size, …
  case unusable(field: String, reason: String)
  /// A codec, the video encoder or the disk failed.
  case failed(String)
  /// The engine has no function for the operation with this title.
  case notOffered(String)
  /// A resource that every such call needs is missing: a program, descriptors, memory. The same call
  /// works once it is available.
  case resourceMissing(String)
  /// The call used more memory than it may, or the process that did it died.
  case aborted(String)
}
