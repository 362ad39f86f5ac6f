public import ImagineAPI
import ImagineSystem

/// A finished video of a workflow, downloaded.
public struct Video: Sendable {
  public let asset: Asset
  public let header: VideoHeader
  /// The id of the job that made it.
  public let job: String
  public let provider: String
  public let thumbnail: Image?
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
