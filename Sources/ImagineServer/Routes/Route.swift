import Hummingbird
import ImagineAPI
import NIOCore

/// A request with its route's parameters and its account: the argument of a ``Handler``.
struct IncomingRequest: Sendable {
  var http: Request
  let context: ConnectionContext
  /// The request's id, as in its log line and in the header `x-request-id`.
  let id: String
  /// The values of the `*` components of the route's path, such as a job's id.
  let parameters: [String]
  let account: Account
}

/// Answers the requests of a route.
typealias Handler = @Sendable (IncomingRequest) async throws -> Response

/// A method and a path with their handler.
struct Route: Sendable {
  /// Who may call the route.
  enum Access: Sendable {
    /// Anybody: the address is signed, or there is nothing to protect.
    case open
    /// Callers with an accepted token.
    case token
  }

  let method: HTTPRequest.Method
  /// `*` matches any one component.
  let path: String
  let access: Access
  let handler: Handler

  init(
    _ method: HTTPRequest.Method, _ path: String, access: Access = .token,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.access = access
    self.handler = handler
  }
}

/// Finds routes by method and path.
///
/// Our own router, because an unknown path (404) and a wrong method (405) need different errors with
/// JSON bodies.
struct RouteTable: Sendable {
  private let fixed: [String: [Route]]
  private let patterns: [(pattern: [Substring], route: Route)]

  init(_ routes: [Route]) {
    fixed = Dictionary(grouping: routes.filter { !$0.path.contains("*") }, by: \.path)
    patterns = routes.filter { $0.path.contains("*") }.map { ($0.path.split(separator: "/"), $0) }
  }

  /// - Throws: ``APIError`` with 404 or 405.
  func find(
    _ method: HTTPRequest.Method, _ path: String
  ) throws(APIError) -> (route: Route, parameters: [String]) {
    let effective = method == .head ? .get : method
    var candidates = (fixed[path] ?? []).map { ($0, [String]()) }
    if candidates.isEmpty {
      let components = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      candidates = patterns.compactMap { candidate in
        Self.parameters(of: components, in: candidate.pattern).map { (candidate.route, $0) }
      }
    }
    if let found = candidates.first(where: { $0.0.method == effective }) {
      return (found.0, found.1)
    }
    guard !candidates.isEmpty else { throw .notFound("there is no \(path.prefix(200))") }
    var methods = Set(candidates.map { $0.0.method.rawValue })
    if methods.contains("GET") { methods.insert("HEAD") }
    throw APIError(
      .requestInvalid, "\(path) answers \(methods.sorted().joined(separator: ", "))",
      status: 405, allowedMethods: methods.sorted())
  }

  private static func parameters(
    of components: some Collection<Substring>, in pattern: [Substring]
  ) -> [String]? {
    guard components.count == pattern.count else { return nil }
    var parameters: [String] = []
    for (component, expected) in zip(components, pattern) {
      if expected == "*" {
        guard !component.isEmpty, let decoded = component.percentDecoded else { return nil }
        parameters.append(decoded)
      } else if component != expected {
        return nil
      }
    }
    return parameters
  }
}
