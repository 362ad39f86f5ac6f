import Hummingbird
import ImagineAPI
import NIOCore
import ServerStore

/// A request with its route's parameters and its account: the argument of a ``Handler``.
struct IncomingRequest: Sendable {
  var http: Request
  let context: ConnectionContext
  /// The request's id, as in its log line and in the header `x-request-id`.
  let id: String
  /// The values of the `*` components of the route's path, such as a job's id.
  let parameters: [String]
  let account: Account
  /// What its body takes of the memory for all bodies, until nothing of the request is left.
  let share: ByteBudget.Share
  /// The body, if it has been read.
  var body: [UInt8]?
  /// Set if the request has an `Idempotency-Key`.
  var keyed: KeyedCall?
  /// The control of its engine calls, where another request may stop them.
  var control: EngineControl?

  /// A seed for a request without one.
  var seed: Int64 { keyed?.call.seed ?? .random(in: 1...2_147_483_647) }

  /// The id of a job that the request makes.
  func jobID() throws -> String { try keyed?.call.id ?? RandomID.next() }
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
    /// Whoever runs the service, as ``AdministratorAccess`` tells.
    case administrator
  }

  let method: HTTPRequest.Method
  /// `*` matches any one component.
  let path: String
  let access: Access
  let handler: Handler
  /// Its place in the list of all routes.
  fileprivate(set) var number = 0

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
  /// The numbers of the routes are their places here.
  let routes: [Route]
  private let fixed: [String: [Route]]
  /// By the number of their components; nil matches any one.
  private let patterns: [Int: [(pattern: [[UInt8]?], route: Route)]]

  init(_ routes: [Route]) {
    let routes = routes.enumerated().map { number, route in
      var route = route
      route.number = number
      return route
    }
    self.routes = routes
    fixed = Dictionary(grouping: routes.filter { !$0.path.contains("*") }, by: \.path)
    patterns = Dictionary(
      grouping: routes.filter { $0.path.contains("*") }
        .map { (pattern: Self.pattern(of: $0.path), route: $0) }
    ) { $0.pattern.count }
  }

  /// - Throws: ``APIError`` with 404 or 405.
  func find(
    _ method: HTTPRequest.Method, _ path: String
  ) throws(APIError) -> (route: Route, parameters: [String]) {
    let effective = method == .head ? .get : method
    var others: [Route] = []
    if let routes = fixed[path] {
      if let route = routes.first(where: { $0.method == effective }) { return (route, []) }
      others = routes
    } else {
      let components = Self.components(of: path)
      for (pattern, route) in patterns[components.count] ?? [] {
        guard let parameters = Self.parameters(of: components, in: pattern) else { continue }
        if route.method == effective { return (route, parameters) }
        others.append(route)
      }
    }
    guard !others.isEmpty else { throw .notFound("there is no \(path.prefix(200))") }
    var methods = Set(others.map(\.method.rawValue))
    if methods.contains("GET") { methods.insert("HEAD") }
    throw APIError(
      .requestInvalid, "\(path) answers \(methods.sorted().joined(separator: ", "))",
      status: 405, allowedMethods: methods.sorted())
  }

  private static func pattern(of path: String) -> [[UInt8]?] {
    components(of: path).map { $0.elementsEqual("*".utf8) ? nil : Array($0) }
  }

  /// What is between the slashes. As bytes, which are compared faster than text.
  private static func components(of path: String) -> ArraySlice<ArraySlice<UInt8>> {
    Array(path.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .dropFirst()
  }

  private static func parameters(
    of components: ArraySlice<ArraySlice<UInt8>>, in pattern: [[UInt8]?]
  ) -> [String]? {
    var parameters: [String] = []
    for (component, expected) in zip(components, pattern) {
      if let expected {
        guard component.elementsEqual(expected) else { return nil }
      } else {
        guard !component.isEmpty,
          let decoded = String(decoding: component, as: UTF8.self).percentDecoded
        else { return nil }
        parameters.append(decoded)
      }
    }
    return parameters
  }
}
