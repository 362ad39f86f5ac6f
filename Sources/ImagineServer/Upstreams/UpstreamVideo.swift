import ImagineAPI
import ImagineSystem
import Logging
import MediaFiles
import ServerStore

/// A finished video at an upstream, which is stored in the folder of its job.
struct UpstreamVideo: Sendable {
  let status: JobStatus
  let upstream: Upstream
  let work: UpstreamVideos.Work
  let converter: EngineConverter
  let limits: Limits
  let logger: Logger

  private static let thumbnailBytes = 16 << 20

  /// Downloads the video and its thumbnail, and fsyncs them.
  ///
  /// - Throws: ``APIError`` 1205 if the download fails: it may work another time.
  func store() async throws {
    guard let address = status.videoAddress else {
      throw UpstreamVideos.Fault.failed("the service finished the job without a video")
    }
    let folder = FolderStore(folder: work.folder, limit: limits.fileBytes)
    let video: Asset
    do {
      video = try await upstream.provider.download(address, CallContext(store: folder))
    } catch let error as ImagineError {
      logger.error(
        "a video was not downloaded",
        metadata: ["upstream": .string(upstream.name), "cause": .string(error.description)])
      throw APIError(.unexpectedResponse, "the video could not be downloaded")
    }
    let header = try Self.header(of: FilePath(video.path))
    guard let header else {
      throw UpstreamVideos.Fault.failed("the service's file is no video")
    }
    await storeThumbnail(of: video, header)
    try FilePath(video.path).rename(to: MediaLinks.File.video.rawValue)
    try FilePath(work.folder).sync()
  }

  private static func header(of path: FilePath) throws -> VideoHeader? {
    let reader = try FileReader(path)
    return VideoHeader(
      MediaSource(byteCount: reader.byteCount ?? 0) { offset, count throws(ImagineError) in
        try reader.bytes(from: offset, count: count)
      })
  }

  /// The upstream's thumbnail, else a picture of the video. A video without one is a video all the
  /// same.
  private func storeThumbnail(of video: Asset, _ header: VideoHeader) async {
    do {
      let store = AnswerStore(limit: Self.thumbnailBytes)
      var image: Asset?
      if let address = status.thumbnailAddress {
        image = try? await upstream.provider.download(address, CallContext(store: store))
      }
      if image?.header == nil { image = try await picture(of: video, header, in: store) }
      guard var image else { return }
      if image.header?.format != .jpeg {
        image = try await converter.convert(image, to: Conversion(format: .jpeg), into: store)
      }
      let path = FilePath(work.folder).appending(MediaLinks.File.thumbnail.rawValue)
      _ = try path.createPrivateFile(store.content(of: image))
    } catch {
      logger.warning(
        "a video has no thumbnail",
        metadata: ["job": .string(work.job.id), "cause": .string("\(error)")])
    }
  }

  private func picture(
    of video: Asset, _ header: VideoHeader, in store: AnswerStore
  ) async throws -> Asset {
    let base = [PictureOperation.base: [ImageInput.file(path: FilePath(video.path))]]
    let step = try PictureStep(.frame, ["seconds": .number(0)], images: base) { _, _, _ in
      .init(size: header.size, seconds: header.duration)
    }
    return try await converter.perform(step, into: store).asset
  }
}
