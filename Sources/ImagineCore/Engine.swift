/// What draws the pictures and films behind the HTTP API.
///
/// The server knows an engine only by this protocol; the one that ships is `ImagineEngine`'s.
/// Every function is synchronous and long (it computes): the server calls it on a thread of its
/// own, never on an event loop. For equal arguments an engine gives equal bytes, always.
///
/// Pictures come in and go out as encoded files (PNG, JPEG, WebP, …).
/// A picture that cannot be used throws ``EngineError/unusable(field:reason:)``.
public protocol Engine: Sendable {
  /// Names what drew a picture: it changes whenever equal requests would draw other pixels.
  var version: String { get }

  /// Text to Image: a PNG of `aspectRatio.pixelSize`.
  func paint(prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64) throws
    -> [UInt8]

  /// Text to Video: films `aspectRatio.videoSize` into `folder`.
  ///
  /// `progress` is called with the part done (0 … 1) and throws to stop the work: what it throws
  /// is thrown on, and nothing is left in the folder.
  func film(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    progress: (Double) throws -> Void
  ) throws -> Film

  /// Another format or size of a picture: `/x/convert`.
  func convert(_ picture: [UInt8], to conversion: Conversion) throws -> [UInt8]
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
}
