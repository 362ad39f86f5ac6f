import Hummingbird
import ImagineAPI

extension ImagineService {
  /// What a client may rely on. It asks before a call that costs something.
  var capabilityRoutes: [Route] {
    [
      Route(.get, ServerCapabilities.path) { _ in
        .json(
          ServerCapabilities(
            idempotency: honoursKeys
              ? .init(
                seconds: configuration.limits.idempotencySeconds,
                maxBytes: IdempotencyKeys.maxBytes) : nil))
      }
    ]
  }

  /// The routes, of which those that cost something take an `Idempotency-Key`.
  var routesWithKeys: [Route] {
    guard honoursKeys else { return routes }
    let keys = IdempotencyKeys(
      store: store, charges: accountCharges, answers: answerFiles, bodies: bodies,
      limits: configuration.limits, engine: engine.version,
      longestCall: { [configuration, upstreams] in
        let limits = configuration.limits
        return max(limits.turnSeconds + limits.imageSeconds, upstreams.longestCall)
      },
      keepsPromise: { [upstreams] recipient in
        await upstreams.all.first { $0.identity == recipient }?.keyRetention() != nil
      }, logger: logger)
    return routes.map { route in
      guard route.isBilled else { return route }
      return Route(route.method, route.path, access: route.access) { incoming in
        try await keys.answer(incoming, work: route.handler)
      }
    }
  }

  /// A rehearsal shows what happens without keys, unless its plan has them.
  private var honoursKeys: Bool { configuration.faultPlan?.honoursKeys ?? true }
}

extension Route {
  /// Whether its calls make something that costs.
  fileprivate var isBilled: Bool {
    let painting = [MediaOperation.textToImage, .imageToImage, .singleExtra].map(\.path)
    return method == .post
      && (["/v2/image/", "/v2/video/", "/v1/"].contains { path.hasPrefix($0) }
        || painting.contains(path))
  }
}
