import Foundation
import Hummingbird
import Logging

/// The peer: one route of Hummingbird, with nothing about it.
enum BareServer {
  static func run() async throws {
    let router = Router()
    router.get("bare") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"ok"}"#)))
    }
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        print(channel.localAddress?.port ?? 0)
        fflush(nil)
      },
      logger: Logger(label: "bare") { _ in SwiftLogNoOpLogHandler() })
    try await application.run()
  }
}
