import AsyncHTTPClient
import ImagineAPI
import NIOCore
import NIOHTTP1

/// The head of an answer, and its body in pieces.
struct HTTPAnswer: Sendable {
  let call: HTTPTransport.Call
  let status: Int
  private let response: HTTPClientResponse
  private let timer: RequestTimer

  /// The maximum size of a JSON body in bytes; images have a limit of their own.
  static let maxJSONBytes = 1 << 20
  /// The maximum number of bytes read from an error's body.
  static let maxErrorBytes = 1 << 16

  init(call: HTTPTransport.Call, response: HTTPClientResponse, timer: RequestTimer) {
    self.call = call
    self.response = response
    self.timer = timer
    status = Int(response.status.code)
  }

  func header(_ name: String) -> String? { response.headers.first(name: name) }

  /// All headers by their names in lower case; those of one name are joined with `, `.
  var headers: [String: String] {
    Dictionary(
      response.headers.map { ($0.name.lowercased(), $0.value) },
      uniquingKeysWith: { "\($0), \($1)" })
  }

  var isSuccess: Bool { (200..<300).contains(status) }

  /// The `Content-Length` of the body; nil if it is absent or that of compressed data.
  var length: Int? {
    isCompressed ? nil : header("Content-Length").flatMap { Int($0) }
  }

  /// Whether the body is compressed, although the request does not ask for it.
  var isCompressed: Bool {
    header("Content-Encoding").map { $0.lowercased() != "identity" } ?? false
  }

  /// Whether only the end of the connection ends the body: then the format of the body must tell
  /// whether it is complete.
  var endsWithConnection: Bool {
    header("Content-Length") == nil && header("Transfer-Encoding") == nil
  }

  /// Number of body bytes read so far.
  var byteCount: Int { timer.byteCount }

  /// Reads the body piece by piece.
  ///
  /// - Throws: ``ImagineError`` of kind `bad_response` past the limit, in bytes.
  func forEachPiece(
    upTo limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) async throws {
    var count = 0
    for try await piece in response.body {
      timer.received(piece.readableBytes)
      count += piece.readableBytes
      guard count <= limit else { throw tooLarge(limit) }
      try piece.withUnsafeReadableBytes(body)
    }
  }

  /// Reads the whole body.
  ///
  /// - Throws: ``ImagineError`` of kind `bad_response` past the limit, in bytes.
  func bytes(upTo limit: Int = maxJSONBytes) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(limit, max(0, length ?? 0)))
    try await forEachPiece(upTo: limit) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Reads the beginning of the body, for an error message.
  func errorBody() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in response.body {
      timer.received(piece.readableBytes)
      piece.withUnsafeReadableBytes {
        bytes.append(contentsOf: $0.prefix(Self.maxErrorBytes - bytes.count))
      }
      if bytes.count == Self.maxErrorBytes { break }
    }
    return bytes
  }

  private func tooLarge(_ limit: Int) -> ImagineError {
    ImagineError(
      .badResponse, "\(call.endpoint): the answer is larger than \(limit >> 20) MiB",
      status: status, endpoint: call.endpoint)
  }

  /// The error of an unsuccessful answer.
  func fault(_ body: [UInt8]) -> ImagineError {
    ErrorAnswer(body).error(
      status: status, endpoint: call.endpoint, isBilled: call.isBilled, header: header)
  }

  /// The error of a successful answer with unexpected content.
  func unexpected(_ what: String) -> ImagineError {
    ImagineError(
      .badResponse, "\(call.endpoint): \(what)", status: status, retryable: !call.isBilled,
      charged: call.isBilled ? .unknown : .no, endpoint: call.endpoint)
  }

  /// Sets the charge of an error in reading or storing the answer. A billed call that was answered
  /// with success is never free, unless the service says so by a documented error code. If the
  /// answer had arrived and storing it failed, the call was charged.
  func settingCharge(of error: ImagineError) -> ImagineError {
    guard call.isBilled, isSuccess, error.charged == .no,
      error.code.flatMap(APIErrorCode.with(code:)) == nil
    else { return error }
    var error = error
    error.charged = error.kind == .io ? .yes : .unknown
    error.retryable = false
    return error
  }
}

extension HTTPAnswer {
  /// How to handle a redirect.
  enum Redirect: Sendable {
    /// Send this call: the same request, or a GET.
    case followed(HTTPTransport.Call)
    case refused(ImagineError)
  }

  /// The absolute address of a redirect; nil for any other answer.
  var location: String? {
    guard [301, 302, 303, 307, 308].contains(status) else { return nil }
    return header("Location").flatMap { WebAddress.resolve($0, at: call.address) }
  }

  /// Redirects of a service's route (RFC 9110, 15.4) are followed within the same origin only,
  /// since the request and its key are meant for it. 307 and 308 repeat the request, 303 requests
  /// its result; 301 and 302 are followed for GET and HEAD only, since clients differ in how they
  /// treat POST.
  var redirect: Redirect? {
    guard let location else { return nil }
    let isRead = call.method == "GET" || call.method == "HEAD"
    let repeats = status == 307 || status == 308 || isRead
    guard Origin(location) != nil, Origin(location) == Origin(call.address),
      repeats || status == 303
    else { return .refused(moved(to: location)) }
    var next = call
    next.address = location
    if !repeats {
      next.method = "GET"
      next.body = nil
      next.contentType = nil
    }
    return .followed(next)
  }

  private func moved(to location: String) -> ImagineError {
    let mayBeCharged = call.isBilled && (status == 302 || status == 303)
    return ImagineError(
      .badResponse,
      "\(call.endpoint): the service redirects to \(WebAddress.shown(location))"
        + " (HTTP \(status)), which is not followed; set base_url to that address",
      status: status, charged: mayBeCharged ? .unknown : .no, endpoint: call.endpoint)
  }
}

extension HTTPTransport {
  private static let maxRedirects = 5

  /// The outcome of one request of a call.
  private enum Step<Result: Sendable>: Sendable {
    case done(Result)
    case redirected(Call)
  }

  /// Sends a call to a service's route, and follows redirects within the service.
  ///
  /// - Throws: as ``perform(_:_:)``, and an ``ImagineError`` that names the target of a redirect
  ///   that is not followed.
  func performFollowingRedirects<Result: Sendable>(
    _ call: Call, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    var call = call
    for _ in 0...Self.maxRedirects {
      let step = try await perform(call) { answer -> Step<Result> in
        switch answer.redirect {
        case .followed(let next): return .redirected(next)
        case .refused(let error): throw error
        case nil: return .done(try await read(answer))
        }
      }
      switch step {
      case .done(let result): return result
      case .redirected(let next): call = next
      }
    }
    throw ImagineError(
      .badResponse,
      "\(call.endpoint): it was redirected more than \(Self.maxRedirects) times",
      endpoint: call.endpoint)
  }
}
