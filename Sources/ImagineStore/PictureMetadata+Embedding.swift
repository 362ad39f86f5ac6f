import ImagineCore

extension PictureMetadata {
  /// A picture's bytes with the metadata in them; formats without a place for it come back as they
  /// are, and so do damaged files. The pixels are not touched: nothing is decoded.
  ///
  /// A PNG carries it in text chunks, JPEG and WebP in their XMP.
  func embedded(in picture: [UInt8], format: PictureFormat) -> [UInt8] {
    switch format {
    case .png: embeddedInPNG(picture) ?? picture
    case .jpeg:
      // A segment holds 64 kB; a longer request leaves the source type alone.
      JPEGSegment.insert(xmp: xmp(carriesJSON: true), into: picture)
        ?? JPEGSegment.insert(xmp: xmp(carriesJSON: false), into: picture) ?? picture
    case .webp: WebPChunk.insert(xmp: xmp(carriesJSON: true), into: picture) ?? picture
    case .avif, .tiff, .gif: picture
    }
  }

  private func embeddedInPNG(_ picture: [UInt8]) -> [UInt8]? {
    PNGChunk.insert(
      [
        ("parameters", PNGChunk.text(keyword: "parameters", parameters)),
        ("imagine", PNGChunk.internationalText(keyword: "imagine", json)),
        (
          "XML:com.adobe.xmp",
          PNGChunk.internationalText(keyword: "XML:com.adobe.xmp", xmp(carriesJSON: false))
        ),
      ], into: picture)
  }
}
