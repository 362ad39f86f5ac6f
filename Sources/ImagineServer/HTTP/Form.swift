import HTTPTypes
import Hummingbird
import ImagineAPI

extension Field {
  /// Whether quotes around a value are part of it, as in a prompt.
  fileprivate var isFreeText: Bool {
    if case .text = kind { true } else { false }
  }
}

extension String {
  /// Removes one pair of double quotes. Clients send them because the vendor's pages quote values
  /// for a shell: `style="anime"`.
  fileprivate var withoutQuotes: String {
    count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
  }
}

/// The fields of a multipart request, by their wire names.
struct Form: Sendable {
  private let parts: [String: [MultipartForm.Part]]

  /// - Throws: ``APIError`` 1100 for a malformed body, and what ``BodyReader`` throws.
  init(_ incoming: IncomingRequest, by reader: BodyReader) async throws {
    // Checked before the body is read, which may be large.
    let boundary: String
    do {
      boundary = try MultipartForm.boundary(inContentType: incoming.http.headers[.contentType])
    } catch {
      throw APIError.invalid("not a multipart/form-data request: \(error.reason)")
    }
    let body = try await reader.read(incoming)
    do {
      var parts: [String: [MultipartForm.Part]] = [:]
      for part in try MultipartForm(body, boundary: boundary).parts {
        // The name of a list ends so.
        guard parts[part.name] == nil || part.name.hasSuffix("[]") else {
          throw MultipartForm.ParseError(reason: "field '\(part.name)' is given twice")
        }
        parts[part.name, default: []].append(part)
      }
      self.parts = parts
    } catch let error as MultipartForm.ParseError {
      throw APIError.invalid("malformed multipart body: \(error.reason)")
    }
  }

  /// The content of a part; nil if there is none of that name.
  func content(_ name: String) -> [UInt8]? { parts[name]?.first.map { Array($0.content) } }

  /// The request that the fields describe, checked against the operation.
  func request(for operation: MediaOperation) throws -> ImagineAPI.Request {
    var arguments: [String: Value] = [:]
    var images: [String: [ImageInput]] = [:]
    for field in operation.fields {
      for name in [field.wireName] + field.wireAliases {
        guard let given = parts[name], let part = given.first else { continue }
        if field.maxImages > 0 {
          guard !given.contains(where: \.content.isEmpty) else {
            throw APIError.invalid("field '\(name)': the file is empty", field: name)
          }
          images[name] = given.map { .bytes(Array($0.content)) }
        } else {
          guard let text = String(validating: part.content, as: UTF8.self) else {
            throw APIError.invalid("field '\(name)': the text is not UTF-8", field: name)
          }
          arguments[name] = .text(field.isFreeText ? text : text.withoutQuotes)
        }
      }
    }
    return try operation.request(from: arguments, images: images, source: .wire)
  }
}
