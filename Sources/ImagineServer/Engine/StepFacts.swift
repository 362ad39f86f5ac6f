import ImagineAPI
import ImagineSystem
import MediaFiles

extension PictureStep {
  /// What a file of a step says about itself, by its header.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the field, for a file of another kind.
  static func facts(
    of input: ImageInput, in field: String, as medium: Medium
  ) throws(ImagineError) -> MediaFacts? {
    switch input {
    case .bytes(let bytes): return try medium.facts(of: MediaSource(bytes), in: field)
    case .file(let path):
      let reader = try FileReader(path)
      let source = MediaSource(byteCount: reader.byteCount ?? 0) {
        (offset, count) throws(ImagineError) in
        try reader.bytes(from: offset, count: count)
      }
      return try medium.facts(of: source, in: field)
    case .asset: return nil
    }
  }
}
