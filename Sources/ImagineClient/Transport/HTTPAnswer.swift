import AsyncHTTPClient
import ImagineCore
import NIOCore
import NIOHTTP1

/// The head of an answer, and its body in pieces.
struct HTTPAnswer: Sendable {
  let call: HTTPTransport.Call
  let status: Int
  private let response: HTTPClientResponse
  private let watch: Watch

  /// The longest JSON body that is read, in bytes; those of pictures have a limit of their own.
  static let longestJSON = 1 << 20
  /// The most bytes of an error's body that are read.
  static let longestError = 1 << 16

  init(call: HTTPTransport.Call, response: HTTPClientResponse, watch: Watch) {
    self.call = call
    self.response = response
    self.watch = watch
    status = Int(response.status.code)
  }

  func header(_ name: String) -> String? { response.headers.first(name: name) }

  var isSuccess: Bool { (200..<300).contains(status) }

  /// The length of the body that is told; nil where nothing tells it, or where it is that of
  /// something compressed.
  var length: Int? {
    isCompressed ? nil : header("Content-Length").flatMap { Int($0) }
  }

  /// Whether the body is compressed, which nobody asked for.
  var isCompressed: Bool {
    header("Content-Encoding").map { $0.lowercased() != "identity" } ?? false
  }

  /// Whether the end of the connection is the end of the body: then it is as whole as its own
  /// format says.
  var endsWithConnection: Bool {
    header("Content-Length") == nil && header("Transfer-Encoding") == nil
  }

  /// Bytes of the body read so far.
  var byteCount: Int { watch.byteCount }

  /// Reads the body piece by piece.
  ///
  /// - Throws: ``ImagineError`` of kind `bad_response` past the limit, in bytes.
  func forEachPiece(
    upTo limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) async throws {
    var count = 0
    for try await piece in response.body {
      watch.received(piece.readableBytes)
      count += piece.readableBytes
      guard count <= limit else { throw tooLong(limit) }
      try piece.withUnsafeReadableBytes(body)
    }
  }

  /// Reads the whole body.
  ///
  /// - Throws: ``ImagineError`` of kind `bad_response` past the limit, in bytes.
  func bytes(upTo limit: Int = longestJSON) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(limit, max(0, length ?? 0)))
    try await forEachPiece(upTo: limit) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// The beginning of a body that is for an error message.
  func beginning() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in response.body {
      watch.received(piece.readableBytes)
      piece.withUnsafeReadableBytes {
        bytes.append(contentsOf: $0.prefix(Self.longestError - bytes.count))
      }
      if bytes.count == Self.longestError { break }
    }
    return bytes
  }

  private func tooLong(_ limit: Int) -> ImagineError {
    ImagineError(
      .badResponse, "\(call.endpoint): the answer is larger than \(limit >> 20) MiB",
      status: status, endpoint: call.endpoint)
  }

  /// The error that an answer means that is none of those expected.
  func fault(_ body: [UInt8]) -> ImagineError {
    ErrorAnswer(body).error(
      status: status, endpoint: call.endpoint, isBilled: call.isBilled, header: header)
  }

  /// A successful answer that should have been something else.
  func unexpected(_ what: String) -> ImagineError {
    ImagineError(
      .badResponse, "\(call.endpoint): \(what)", status: status, retryable: !call.isBilled,
      charged: call.isBilled ? .unknown : .no, endpoint: call.endpoint)
  }

  /// What a fault in reading or keeping the answer means for money. A billed call that was answered
  /// with success was worked on: it is never free, unless the service says so by a code of its
  /// documented errors. Where the answer had arrived, and only keeping it failed, it was paid.
  func charging(_ error: ImagineError) -> ImagineError {
    guard call.isBilled, isSuccess, error.charged == .no,
      error.code.flatMap(ServiceFault.with(code:)) == nil
    else { return error }
    var error = error
    error.charged = error.kind == .io ? .yes : .unknown
    error.retryable = false
    return error
  }
}

extension HTTPAnswer {
  /// What follows from an answer that says that the thing asked for is elsewhere.
  enum Redirect: Sendable {
    /// The same request, or a GET, goes to this call's address.
    case followed(HTTPTransport.Call)
    case refused(ImagineError)
  }

  /// Where the answer leads, resolved; nil for one that is no redirect.
  var location: String? {
    guard [301, 302, 303, 307, 308].contains(status) else { return nil }
    return header("Location").flatMap { WebAddress.resolve($0, at: call.address) }
  }

  /// Follows a redirect of a service's route (RFC 9110, 15.4): to the same origin alone, since the
  /// request and its key are meant for that. 307 and 308 repeat the request, 303 asks for its
  /// result; 301 and 302 are followed for questions only, since clients differ in what they do with
  /// a POST.
  var redirect: Redirect? {
    guard let location else { return nil }
    let isQuestion = call.method == "GET" || call.method == "HEAD"
    let repeats = status == 307 || status == 308 || isQuestion
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
    let mayHaveBeenDone = call.isBilled && (status == 302 || status == 303)
    return ImagineError(
      .badResponse,
      "\(call.endpoint): the service sends it to \(WebAddress.withoutQuery(location))"
        + " (HTTP \(status)), where it is not followed; name that address as base_url",
      status: status, charged: mayHaveBeenDone ? .unknown : .no, endpoint: call.endpoint)
  }
}

extension HTTPTransport {
  private static let mostRedirects = 5

  /// What one request of a call gave.
  private enum Step<Result: Sendable>: Sendable {
    case done(Result)
    case elsewhere(Call)
  }

  /// Sends a call to a route of a service, and follows where it is sent within the service.
  ///
  /// - Throws: as ``perform(_:_:)``, and an ``ImagineError`` that says where a redirect leads that is
  ///   not followed.
  func performFollowing<Result: Sendable>(
    _ call: Call, _ read: @escaping @Sendable (HTTPAnswer) async throws -> Result
  ) async throws -> Result {
    var call = call
    for _ in 0...Self.mostRedirects {
      let step = try await perform(call) { answer -> Step<Result> in
        switch answer.redirect {
        case .followed(let next): return .elsewhere(next)
        case .refused(let error): throw error
        case nil: return .done(try await read(answer))
        }
      }
      switch step {
      case .done(let result): return result
      case .elsewhere(let next): call = next
      }
    }
    throw ImagineError(
      .badResponse,
      "\(call.endpoint): it was redirected more than \(Self.mostRedirects) times",
      endpoint: call.endpoint)
  }
}
