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
    PNGChunk.insert(
      [
        ("parameters", PNGChunk.text(keyword: "parameters", parameters)),
        ("imagine", PNGChunk.internationalText(keyword: "imagine", json)),
        (
          "XML:com.adobe.xmp",
          PNGChunk.internationalText(keyword: "XML:com.adobe.xmp", xmp(carriesJSON: false))
        ),
      ], into: image)
  }
}
