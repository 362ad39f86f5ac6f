import HTTPTypes
import Hummingbird
import ImagineCore
import NIOCore

/// Reads the bodies of requests, within bounds.
struct BodyReader: Sendable {
  let limit: Int
  let budget: ByteBudget

  init(_ limits: Limits) {
    limit = limits.bodyBytes
    budget = ByteBudget(bytes: limits.bodyBytesInFlight)
  }

  /// A body that was read whole; its bytes count against the budget for as long as it lives.
  struct Body: Sendable {
    let bytes: [UInt8]
    private let share: ByteBudget.Share

    fileprivate init(bytes: [UInt8], share: ByteBudget.Share) {
      self.bytes = bytes
      self.share = share
    }
  }

  /// - Parameter most: bytes that the body may have, where that is less than any may.
  /// - Throws: ``Failure`` 1100 for a body over the limit or one that breaks off, 1202 where too
  ///   much memory is taken, 1204 for a client that sends too slowly.
  func read(_ request: Request, for account: Account, most: Int? = nil) async throws -> Body {
    let limit = min(most ?? limit, limit)
    let overLimit = Failure.invalid("the request's body is larger than \(limit) bytes")
    let declared = request.headers[.contentLength].flatMap { Int($0) }
    if let declared, declared > limit { throw overLimit }
    let share = budget.share(of: account)
    var bytes: [UInt8] = []
    do {
      for try await piece in request.body {
        let size = bytes.count + piece.readableBytes
        guard size <= limit else { throw overLimit }
        guard share.hold(size, atMost: declared.map { max($0, size) } ?? limit) else {
          throw Failure(
            .tooManyRequests, "the requests being worked on take all memory there is for them",
            retryAfter: 2)
        }
        bytes.append(contentsOf: piece.readableBytesView)
      }
    } catch is SlowClient {
      throw Failure(.timedOut, "the request's body came too slowly")
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure.invalid("the request's body broke off or is malformed")
    }
    guard declared == nil || bytes.count == declared else {
      throw Failure.invalid("the request's body broke off")
    }
    return Body(bytes: bytes, share: share)
  }
}

extension Field {
  /// Whether quotes about a value belong to it, as in a prompt.
  fileprivate var isFreeText: Bool {
    if case .text = kind { true } else { false }
  }
}

extension String {
  /// Without the one pair of double quotes that clients leave about a value, since the vendor's
  /// pages type it so for a shell: `style="anime"`.
  fileprivate var withoutQuotes: String {
    count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
  }
}

/// The fields of a multipart request, by their names on the wire.
struct Form: Sendable {
  private let parts: [String: MultipartForm.Part]
  /// Keeps the body's bytes counted for as long as its fields are used.
  private let body: BodyReader.Body

  /// - Throws: ``Failure`` 1100 that names what is wrong with the body, and what reading it throws.
  init(_ request: Request, by reader: BodyReader, for account: Account) async throws {
    // Before the body is read: another content type may announce anything.
    let boundary: String
    do {
      boundary = try MultipartForm.boundary(inContentType: request.headers[.contentType])
    } catch {
      throw Failure.invalid("not a multipart/form-data request: \(error.reason)")
    }
    body = try await reader.read(request, for: account)
    do {
      var parts: [String: MultipartForm.Part] = [:]
      for part in try MultipartForm(body.bytes, boundary: boundary).parts {
        guard parts.updateValue(part, forKey: part.name) == nil else {
          throw MultipartForm.Fault(reason: "field '\(part.name)' is given twice")
        }
      }
      self.parts = parts
    } catch let fault as MultipartForm.Fault {
      throw Failure.invalid("malformed multipart body: \(fault.reason)")
    }
  }

  /// The request that the fields make, checked against the operation.
  func request(for operation: Operation) throws -> ImagineCore.Request {
    var arguments: [String: Argument] = [:]
    for field in operation.fields {
      for name in [field.wireName] + field.wireAliases {
        guard let part = parts[name] else { continue }
        if case .picture = field.kind {
          guard !part.content.isEmpty else {
            throw Failure.invalid("field '\(name)': the file is empty", field: name)
          }
          arguments[name] = .picture(.bytes(Array(part.content)))
        } else {
          guard let text = String(validating: part.content, as: UTF8.self) else {
            throw Failure.invalid("field '\(name)': the text is not UTF-8", field: name)
          }
          arguments[name] = .text(field.isFreeText ? text : text.withoutQuotes)
        }
      }
    }
    return try operation.request(from: arguments, by: .wire)
  }
}
