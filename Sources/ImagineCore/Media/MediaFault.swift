/// Why a picture or a film is not whole.
///
/// For example:
///
/// ```swift
/// if let fault = MediaFault(in: MediaSource(bytes)) {
///   print("the answer \(fault)")   // the answer is truncated: it ends within its chunk IDAT
/// }
/// ```
public enum MediaFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// It ends before its format says that it ends.
  case truncated(String)
  /// It is not as its format wants it.
  case damaged(String)

  public var description: String {
    switch self {
    case .truncated(let detail): "is truncated: \(detail)"
    case .damaged(let detail): "is damaged: \(detail)"
    }
  }

  /// Checks a picture or a film from its first byte to the end that its format has: chunks, markers,
  /// blocks, boxes and the places of the data. No pixel is decoded. What follows a whole picture is
  /// no fault.
  ///
  /// - Returns: nil for what is whole, and for what is neither picture nor film.
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

/// What a file is by its first bytes.
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
