import Foundation
import ImagineAPI
import ImagineServer
import Logging
import ServerStore

/// The service as it ships, with its stores on a disk; only the engine is left out.
enum FullServer {
  /// Prints the port and the id of a job.
  static func run() async throws {
    let folder = NSTemporaryDirectory() + "server-benchmarks-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let directory = try DataDirectory(folder)
    let store = try SQLiteServiceStore(path: directory.database)
    let configuration = ServiceConfiguration(
      address: .tcp(host: "127.0.0.1", port: 0), authentication: .anyToken, limits: Limits(cores: 2)
    )
    let service = try ImagineService(
      configuration, dataDirectory: directory, engine: NoEngine(), store: store,
      logger: Logger(label: "service") { _ in SwiftLogNoOpLogHandler() })
    try await service.run { address in
      if case .tcp(_, let port) = address { print(port) }
      fflush(nil)
    }
  }
}

/// Refuses all work but a video, which is done at once: its status can be asked for ever after.
private struct NoEngine: Engine {
  let version = "none"

  func supports(_ operation: MediaOperation) -> Bool { true }

  func memory(
    for operation: MediaOperation, image: PixelSize?, aspectRatio: AspectRatio?
  ) -> Int { 0 }

  func memory(for conversion: Conversion, image: PixelSize) -> Int { 0 }

  private var refusal: EngineError { .notOffered("This") }

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> VideoFiles {
    let files = VideoFiles(
      video: "\(folder)/made.mp4", thumbnail: "\(folder)/made.jpg",
      size: PixelSize(width: 16, height: 16), duration: 1)
    for path in [files.video, files.thumbnail] {
      try Data("none".utf8).write(to: URL(fileURLWithPath: path))
    }
    return files
  }

  func convert(
    _ image: [UInt8], to conversion: Conversion, control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func thumbnail(
    of image: [UInt8], within box: PixelSize, control: EngineControl
  ) throws -> Thumbnail { throw refusal }

  func png(
    prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool,
    control: EngineControl
  ) throws -> CompositeImage { throw refusal }

  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> CutoutImage {
    throw refusal
  }

  func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8] { throw refusal }

  func fill(
    prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func retouch(_ image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8] {
    throw refusal
  }

  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func addBackground(
    prompt: String, image: [UInt8], seed: Int64, control: EngineControl
  ) throws -> [UInt8] { throw refusal }

  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> VideoFiles { throw refusal }
}
