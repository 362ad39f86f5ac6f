/// What draws the pictures and films behind the HTTP API.
///
/// The server knows an engine only by this protocol; the one that ships is `ImagineEngine`'s.
/// Every function is synchronous and long (it computes): the server calls it on a thread of its
/// own, never on an event loop. For equal arguments an engine gives equal bytes, always.
///
/// Pictures come in and go out as encoded files (PNG, JPEG, WebP, …).
/// A picture that cannot be used throws ``EngineError/unusable(field:reason:)``. Every function
/// takes an ``EngineControl`` and throws ``EngineControl/Stop`` soon after that says to end.
public protocol Engine: Sendable {
  /// Names what drew a picture: it changes whenever equal requests would draw other pixels.
  var version: String { get }

  /// Whether it has a function for an operation. What it has none for is refused before it is
  /// queued, recorded or paid for.
  func offers(_ operation: Operation) -> Bool

  /// What of its surroundings is missing for an operation at present, in words for whoever asked
  /// for it; nil where nothing is.
  func lack(for operation: Operation) -> String?

  /// Bytes of memory that an operation takes at its peak, about, on a picture of a size (where it
  /// takes one) towards a shape (where one is asked for).
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` where the result, or a step on the way to
  ///   it, would be over the ``PixelBudget``.
  func memory(for operation: Operation, picture: PixelSize?, aspectRatio: AspectRatio?) throws
    -> Int

  /// Bytes of memory that a conversion of a picture of a size takes at its peak, about.
  ///
  /// - Throws: as ``memory(for:picture:aspectRatio:)``, naming the side that asks for too much.
  func memory(for conversion: Conversion, picture: PixelSize) throws -> Int

  /// Text to Image: a PNG of `aspectRatio.pixelSize`.
  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8]

  /// Text to Video: films `aspectRatio.videoSize` into `folder`, and reports the part done.
  ///
  /// Where it throws, nothing is left in the folder.
  func film(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> Film

  /// Another format or size of a picture: `/x/convert`.
  func convert(_ picture: [UInt8], to conversion: Conversion, control: EngineControl) throws
    -> [UInt8]

  /// Text to PNG: the prompt's subject alone, a PNG of `aspectRatio.pixelSize` with alpha.
  func png(prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl) throws
    -> [UInt8]

  /// Background Remover: a PNG of the picture's size, clear where the background was.
  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> [UInt8]

  /// Image Upscale: a PNG of twice the width and height.
  func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8]

  /// Generative Fill: paints the prompt where the mask is set; a PNG of the picture's size.
  func fill(prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl) throws
    -> [UInt8]

  /// Retouch: removes what the mask covers; a PNG of the picture's size.
  func retouch(_ image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8]

  /// AI Resize: another shape without stretching, a PNG. What the mask covers keeps its form; the
  /// prompt says what to paint where the picture grows.
  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8]

  /// AI Backgrounds: the picture's subject before a painted background, a PNG.
  func addBackground(prompt: String, image: [UInt8], seed: Int64, control: EngineControl) throws
    -> [UInt8]

  /// Image to Video: as ``film(prompt:style:aspectRatio:seed:into:control:)``, from a picture;
  /// where no shape is given, the one of `AspectRatio.video` that is nearest to the picture's.
  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> Film
}

extension Engine {
  public func lack(for operation: Operation) -> String? { nil }
}

/// A finished film: two files in the folder that the engine was given.
public struct Film: Sendable, Hashable {
  /// Path of the video, H.264 in MP4.
  public var video: String
  /// Path of the thumbnail, a JPEG of the video's size.
  public var thumbnail: String
  /// Pixels.
  public var size: PixelSize
  /// Seconds.
  public var duration: Double

  public init(video: String, thumbnail: String, size: PixelSize, duration: Double) {
    self.video = video
    self.thumbnail = thumbnail
    self.size = size
    self.duration = duration
  }
}

/// What a picture is converted to.
public struct Conversion: Sendable, Hashable {
  /// How a picture fits a box of another shape.
  public enum Fit: String, CaseIterable, Sendable {
    /// The whole picture, within the box.
    case contain
    /// The whole box, the picture cropped to it about its middle.
    case cover
    /// Stretched to the box.
    case fill
  }

  public var format: PictureFormat
  /// Pixels; nil follows from the other side and the picture's shape, or is the picture's own.
  public var width: Int?
  /// Pixels.
  public var height: Int?
  public var fit: Fit
  /// 1 … 100; formats without loss ignore it.
  public var quality: Int

  public init(
    format: PictureFormat, width: Int? = nil, height: Int? = nil, fit: Fit = .contain,
    quality: Int = 90
  ) {
    self.format = format
    self.width = width
    self.height = height
    self.fit = fit
    self.quality = quality
  }
}

/// Why an engine did not draw.
public enum EngineError: Error, Sendable, Equatable {
  /// The picture given in `field` cannot be used: damaged, too large, of another size, …
  case unusable(field: String, reason: String)
  /// What the engine stands on failed: a codec, the video encoder, the disk.
  case failed(String)
  /// The engine has no function for the operation with this title.
  case notOffered(String)
  /// The surroundings lack something that any such call needs: a program, descriptors, memory.
  /// The same call works once that is there.
  case lacking(String)
}
