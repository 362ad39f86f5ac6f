import Hummingbird
import ImagineAPI

extension ImagineService {
  /// All routes. A new group of routes must be added here.
  var routes: [Route] {
    administrationRoutes + pageRoutes + imageRoutes + videoRoutes + mediaRoutes + conversionRoutes
      + stepRoutes + fileRoutes + openAIRoutes + sdapiRoutes + capabilityRoutes + chargeRoutes
  }

  /// The charges of a token, if faults are injected.
  private var chargeRoutes: [Route] {
    guard let faultInjection else { return [] }
    return [Route(.get, "/x/rehearsal") { .json(faultInjection.charges(of: $0.account)) }]
  }
}
