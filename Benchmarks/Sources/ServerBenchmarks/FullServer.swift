import Foundation
import ImagineCore
import ImagineServer
import ImagineStore
import Logging

/// The service as it ships, with its stores on a disk; only the engine is left out.
enum FullServer {
  /// Prints the port and the id of a job.
  static func run() async throws {
    let folder = NSTemporaryDirectory() + "server-benchmarks-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let home = try Home(folder)
    let store = try SQLiteJobStore(path: home.database)
    let configuration = ServiceConfiguration(
      address: .tcp(host: "127.0.0.1", port: 0), callers: .anyToken, limits: Limits(cores: 2))
    let service = try ImagineService(
      configuration, home: home, engine: NoEngine(), jobs: store, accounts: store,
      logger: Logger(label: "service") { _ in SwiftLogNoOpLogHandler() })
    try await service.run { address in
      print(address.description.split(separator: ":").last ?? "")
      fflush(nil)
    }
  }
}

/// Refuses all work: a job fails at once, and its status can be asked for ever after.
private struct NoEngine: Engine {
  let version = "none"

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64
  ) throws -> [UInt8] {
    throw EngineError.notOffered("Text to Image")
  }

  func film(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    progress: (Double) throws -> Void
  ) throws -> Film {
    throw EngineError.notOffered("Text to Video")
  }

  func convert(_ picture: [UInt8], to conversion: Conversion) throws -> [UInt8] {
    throw EngineError.notOffered("Convert")
  }
}
