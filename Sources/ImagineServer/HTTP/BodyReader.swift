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

  /// A complete body. Its bytes count against the budget as long as it exists.
  struct Body: Sendable {
    let bytes: [UInt8]
    private let share: ByteBudget.Share

    fileprivate init(bytes: [UInt8], share: ByteBudget.Share) {
      self.bytes = bytes
      self.share = share
    }
  }

  /// - Parameter most: a size limit below the general one, in bytes.
  /// - Throws: ``APIError`` 1100 for a body that is too large or truncated, 1202 if no memory is left,
  ///   1100 with the status 408 for a client that sends too slowly.
  func read(_ request: Request, for account: Account, most: Int? = nil) async throws -> Body {
    let limit = min(most ?? limit, limit)
    let overLimit = APIError.invalid("the request's body is larger than \(limit) bytes")
    let declared = request.headers[.contentLength].flatMap { Int($0) }
    if let declared, declared > limit { throw overLimit }
    let share = budget.share(of: account)
    var bytes: [UInt8] = []
    do {
      for try await piece in request.body {
        let size = bytes.count + piece.readableBytes
        guard size <= limit else { throw overLimit }
        guard share.grow(to: size, atMost: declared.map { max($0, size) } ?? limit) else {
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
    return Body(bytes: bytes, share: share)
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
