import HTTPTypes
import Hummingbird
import ImagineAPI
import NIOCore

/// Reads request bodies within size and memory limits.
struct BodyReader: Sendable {
  let limit: Int
  let budget: ByteBudget

  init(_ limits: Limits) {
    limit = limits.bodyBytes
    budget = ByteBudget(bytes: limits.bodyBytesInFlight)
  }

  /// The whole body of a request. Its bytes count against the budget until the request is over,
  /// however long it waits for its work.
  ///
  /// - Parameter most: a size limit below the general one, in bytes.
  /// - Throws: ``APIError`` 1100 for a body that is too large or truncated, 1202 if no memory is left,
  ///   1100 with the status 408 for a client that sends too slowly.
  func read(_ incoming: IncomingRequest, most: Int? = nil) async throws -> [UInt8] {
    let limit = min(most ?? limit, limit)
    let overLimit = APIError.invalid("the request's body is larger than \(limit) bytes")
    if let body = incoming.body {
      guard body.count <= limit else { throw overLimit }
      return body
    }
    let declared = incoming.http.headers[.contentLength].flatMap { Int($0) }
    if let declared, declared > limit { throw overLimit }
    var bytes: [UInt8] = []
    do {
      for try await piece in incoming.http.body {
        let size = bytes.count + piece.readableBytes
        guard size <= limit else { throw overLimit }
        guard incoming.share.grow(to: size, atMost: declared.map { max($0, size) } ?? limit) else {
          throw APIError(
            .tooManyRequests, "other requests use all memory for request bodies",
            retryAfter: 2)
        }
        bytes.append(contentsOf: piece.readableBytesView)
      }
    } catch {
      throw Self.fault(error)
    }
    guard declared == nil || bytes.count == declared else {
      throw APIError.invalid("the request's body is truncated")
    }
    return bytes
  }

  /// The error of a request for what was thrown while its body was read. What the connection throws
  /// is the client's fault.
  static func fault(_ error: any Error) -> any Error {
    switch error {
    // Nothing was done: 1204 would say that nobody knows.
    case is SlowClient:
      APIError(.requestInvalid, "the client sent the request's body too slowly", status: 408)
    case is APIError, is ImagineError: error
    default: APIError.invalid("the request's body is truncated or malformed")
    }
  }
}
