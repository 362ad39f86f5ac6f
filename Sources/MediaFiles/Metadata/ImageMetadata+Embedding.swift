package import ImagineAPI

extension ImageMetadata {
  /// The image's bytes with the metadata embedded; unchanged if the format has no place for it or
  /// the file is damaged. Nothing is decoded.
  ///
  /// PNG stores it in text chunks, JPEG and WebP in XMP.
  package func embedded(in image: [UInt8], format: ImageFormat) -> [UInt8] {
    switch format {
    case .png: embeddedInPNG(image) ?? image
    case .jpeg:
      // A segment holds 64 kB; if the request is longer, only the source type is embedded.
      JPEGSegment.insert(xmp: xmp(carriesJSON: true), into: image)
        ?? JPEGSegment.insert(xmp: xmp(carriesJSON: false), into: image) ?? image
    case .webp: WebPChunk.insert(xmp: xmp(carriesJSON: true), into: image) ?? image
    case .avif, .tiff, .gif: image
    }
  }

  private func embeddedInPNG(_ image: [UInt8]) -> [UInt8]? {
    // The server that made the image knows better how; nothing is older than our own metadata.
    let texts = ImageTexts(MediaSource(image))
    let keepsText = texts?.metadata == nil && texts?.has("parameters") == true
    let parameters = ("parameters", PNGChunk.text(keyword: "parameters", parameters))
    return PNGChunk.insert(
      (keepsText ? [] : [parameters]) + [
        ("imagine", PNGChunk.internationalText(keyword: "imagine", json)),
        (
          "XML:com.adobe.xmp",
          PNGChunk.internationalText(keyword: "XML:com.adobe.xmp", xmp(carriesJSON: false))
        ),
      ], into: image)
  }
}

extension ImageTexts {
  /// The image with a text, if it is a PNG that has none with the keyword; else unchanged.
  package static func adding(
    _ text: String, as keyword: String, to image: [UInt8]
  ) -> [UInt8] {
    guard let texts = ImageTexts(MediaSource(image)), texts.format == .png, !texts.has(keyword)
    else { return image }
    return PNGChunk.insert([(keyword, PNGChunk.text(keyword: keyword, text))], into: image) ?? image
  }

  fileprivate func has(_ keyword: String) -> Bool { entries.contains { $0.keyword == keyword } }
}
