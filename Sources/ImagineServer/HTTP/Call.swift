import Hummingbird
import ImagineCore
import NIOCore

/// One request on its way through the service.
struct Call: Sendable {
  private(set) var request: Request
  let context: ConnectionContext
  /// The request's id, as its log line and its answer's header name it.
  let id: String
  /// What stands in the places of a route's path, such as a job's id.
  let parameters: [String]
  let account: Account

  /// The same call with its request in another form.
  func with(_ request: Request) -> Call {
    var copy = self
    copy.request = request
    return copy
  }
}

/// What a request knows of its connection.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// The connection's line; nil where it has been closed already.
  func line() async -> Line? {
    let channel = self.channel
    return try? await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).line
    }.get()
  }
}

/// What a route does.
typealias Handler = @Sendable (Call) async throws -> Response

/// A method, a path, and what they do.
struct Route: Sendable {
  /// Who may ask.
  enum Access: Sendable {
    /// Anybody: the address itself is the permission, or there is nothing to protect.
    case open
    /// Whoever has a token.
    case token
  }

  let method: HTTPRequest.Method
  /// `*` stands for any one piece of the path.
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

/// The service's routes, to be found by method and path.
///
/// A router of our own, because a wrong method has to be told from an unknown path: both answer
/// with an error that names what there is.
struct RouteTable: Sendable {
  private let fixed: [String: [Route]]
  private let open: [(pattern: [Substring], route: Route)]

  init(_ routes: [Route]) {
    fixed = Dictionary(grouping: routes.filter { !$0.path.contains("*") }, by: \.path)
    open = routes.filter { $0.path.contains("*") }.map { ($0.path.split(separator: "/"), $0) }
  }

  /// - Throws: ``Failure`` with 404 or 405.
  func find(
    _ method: HTTPRequest.Method, _ path: String
  ) throws(Failure) -> (route: Route, parameters: [String]) {
    let wanted = method == .head ? .get : method
    var here = (fixed[path] ?? []).map { ($0, [String]()) }
    if here.isEmpty {
      let pieces = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      here = open.compactMap { candidate in
        Self.parameters(of: pieces, in: candidate.pattern).map { (candidate.route, $0) }
      }
    }
    if let found = here.first(where: { $0.0.method == wanted }) {
      return (found.0, found.1)
    }
    guard !here.isEmpty else { throw .notFound("there is no \(path.prefix(200))") }
    var methods = Set(here.map { $0.0.method.rawValue })
    if methods.contains("GET") { methods.insert("HEAD") }
    throw Failure(
      .requestInvalid, "\(path) answers \(methods.sorted().joined(separator: ", "))",
      status: 405, allowedMethods: methods.sorted())
  }

  private static func parameters(
    of pieces: some Collection<Substring>, in pattern: [Substring]
  ) -> [String]? {
    guard pieces.count == pattern.count else { return nil }
    var parameters: [String] = []
    for (piece, expected) in zip(pieces, pattern) {
      if expected == "*" {
        guard !piece.isEmpty, let decoded = piece.percentDecoded else { return nil }
        parameters.append(decoded)
      } else if piece != expected {
        return nil
      }
    }
    return parameters
  }
}
