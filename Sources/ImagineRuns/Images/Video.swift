public import ImagineAPI
import ImagineSystem
public import MediaFiles

/// A finished video of a workflow: one that was downloaded, or a film that was made here.
public struct Video: Sendable {
  public let asset: Asset
  public let header: VideoHeader
  /// The id of the job that made it; nil for a film.
  public let job: String?
  /// Nil for a film.
  public let provider: String?
  public let thumbnail: Image?
  /// Of its job; nil if no price is known, and for a film, which costs nothing.
  public let cost: Price?
  /// How it was made; nil for a film, and for a job of another run.
  public let metadata: ImageMetadata?
  package let workflow: Workflow
}

extension Video {
  /// Checks that a video can be saved to a path: a file must have the extension mp4; a device or a
  /// pipe may have any name.
  package static func check(_ path: FilePath) throws(ImagineError) {
    let isNamed = String(decoding: path.bytes, as: UTF8.self).lowercased().hasSuffix(".mp4")
    guard isNamed || path.isStream else {
      throw .invalid(
        field: "path", given: "\"\(path)\"", expected: "the extension mp4", allowed: ["mp4"])
    }
  }
}
