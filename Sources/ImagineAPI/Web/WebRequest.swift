/// A request of a script to any web address. It has nothing of a provider: no key and no price.
public struct WebRequest: Sendable {
  public var method: String
  public var address: String
  /// Headers by their names.
  public var headers: [String: String]
  public var body: [UInt8]?
  /// From the send to the last byte of the answer, in seconds, with all redirects.
  public var timeout: Double

  /// The most bytes of an answer: 256 MiB.
  public static let maxBytes = 1 << 28

  public init(
    method: String, address: String, headers: [String: String] = [:], body: [UInt8]? = nil,
    timeout: Double = 60
  ) {
    self.method = method
    self.address = address
    self.headers = headers
    self.body = body
    self.timeout = timeout
  }
}

/// The answer to a ``WebRequest``, whatever its status.
public struct WebAnswer: Sendable {
  public var status: Int
  /// Headers by their names in lower case; the values of several with one name have `, ` between
  /// them.
  public var headers: [String: String]
  public var body: [UInt8]

  public init(status: Int, headers: [String: String], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Sends requests of scripts that are no calls of a provider.
public protocol WebClient: Sendable {
  /// Tests whether a request can be sent, without sending it. A client that does not have this takes
  /// any request.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for an address or a header that cannot be sent.
  func check(_ request: WebRequest) throws(ImagineError)

  /// Follows the redirects of a GET.
  ///
  /// - Parameter willTake: called with a number of bytes before they are kept; what it throws ends the
  ///   request.
  /// - Throws: ``ImagineError`` of kind `validation` for an address or a header that cannot be sent, of
  ///   kind `connection`, `timeout` or `cancelled` without a whole answer, and of kind
  ///   `bad_response` for one that is larger than ``WebRequest/maxBytes``.
  func answer(
    to request: WebRequest, willTake: @escaping @Sendable (Int) throws -> Void
  ) async throws -> WebAnswer
}

extension WebClient {
  public func check(_ request: WebRequest) throws(ImagineError) {}
}
