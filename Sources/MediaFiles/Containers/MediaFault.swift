import ImagineAPI

/// Why an image or a video is incomplete or damaged.
///
/// For example:
///
/// ```swift
/// if let fault = MediaFault(in: MediaSource(bytes)) {
///   print("the answer \(fault)")   // the answer is truncated: it ends within its chunk IDAT
/// }
/// ```
public enum MediaFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file is shorter than its format says.
  case truncated(String)
  /// The file violates its format.
  case damaged(String)

  public var description: String {
    switch self {
    case .truncated(let detail): "is truncated: \(detail)"
    case .damaged(let detail): "is damaged: \(detail)"
    }
  }

  /// Checks the structure of an image or a video from its first byte to the end of its format:
  /// chunks, markers, blocks, boxes and the location of data. It decodes no pixel. Data after a
  /// complete image is no fault.
  ///
  /// - Returns: nil if the file is complete, and if it is neither image nor video.
  public init?(in source: MediaSource) {
    let fault: MediaFault? =
      switch MediaContainer(source) {
      case .png: PNGFile.fault(source)
      case .jpeg: JPEGFile.fault(source)
      case .webp: WebPFile.fault(source)
      case .gif: GIFFile.fault(source)
      case .tiff: TIFFFile.fault(source)
      case .avif: AVIFFile.fault(source)
      case .movie: MovieFile.fault(source)
      case nil: nil
      }
    guard let fault else { return nil }
    self = fault
  }
}

/// The format of a file, by its first bytes.
enum MediaContainer {
  case png, jpeg, webp, gif, tiff, avif, movie

  init?(_ source: MediaSource) {
    if PNGFile.begins(source) {
      self = .png
    } else if JPEGFile.begins(source) {
      self = .jpeg
    } else if WebPFile.begins(source) {
      self = .webp
    } else if GIFFile.begins(source) {
      self = .gif
    } else if TIFFFile.begins(source) {
      self = .tiff
    } else if AVIFFile.begins(source) {
      self = .avif
    } else if MovieFile.begins(source) {
      self = .movie
    } else {
      return nil
    }
  }
}
