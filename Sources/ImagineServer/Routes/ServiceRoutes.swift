import Hummingbird
import ImagineAPI
import NIOCore
import ServerStore

extension ImagineService {
  /// All routes. A new group of routes must be added here.
  var routes: [Route] {
    healthRoutes + imageRoutes + videoRoutes + mediaRoutes + conversionRoutes + stepRoutes
      + fileRoutes + openAIRoutes + chargeRoutes
  }

  private var healthRoutes: [Route] {
    [
      // Liveness: fails if only a restart helps.
      Route(.get, "/healthz", access: .open) { _ in
        try store.checkPresence()
        return .ok
      },
      // Readiness: fails if the service cannot accept work.
      Route(.get, "/readyz", access: .open) { _ in
        try await store.probe()
        guard directory.hasFreeSpace else {
          throw APIError(.storeUnreachable, "the server's disk is full", retryAfter: 60)
        }
        return .ok
      },
    ]
  }

  /// The charges of a token, if faults are injected.
  private var chargeRoutes: [Route] {
    guard let faultInjection else { return [] }
    return [Route(.get, "/x/rehearsal") { .json(faultInjection.charges(of: $0.account)) }]
  }
}

extension Response {
  fileprivate static var ok: Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"ok"}"#)))
  }
}
