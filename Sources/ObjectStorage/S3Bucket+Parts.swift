import ImagineAPI
import ImagineSystem
import NIOHTTP1

/// Large files, sent in parts. The object appears when the last step is done.
extension S3Bucket {
  private static let maxParts = 10_000

  func putInParts(
    _ path: FilePath, byteCount: Int, as name: String, type: String
  ) async throws {
    let upload = try await beginUpload(of: name, type: type)
    do {
      var tags: [String] = []
      let size = max(partBytes, (byteCount + Self.maxParts - 1) / Self.maxParts)
      for offset in stride(from: 0, to: byteCount, by: size) {
        try Task.checkCancellation()
        let body = try await S3Body.file(
          path, offset: offset, count: min(size, byteCount - offset))
        tags.append(try await put(body, part: tags.count + 1, of: upload, name))
      }
      try await complete(upload, of: name, tags: tags, byteCount: byteCount)
    } catch {
      // In a task of its own, because the caller may be cancelled. Parts that stay all the same are
      // removed by the bucket's rule for incomplete uploads.
      await Task { try? await abort(upload, of: name) }.value
      throw error
    }
  }

  private func beginUpload(of name: String, type: String) async throws -> String {
    let request = S3Request(
      method: .POST, name: name, query: [("uploads", "")], headers: [("content-type", type)])
    return try await exchange.send(request) { answer in
      guard let id = try await answer.document()["UploadId"], !id.isEmpty else {
        throw S3Error(
          request: answer.request, message: "the answer has no UploadId", isRetryable: false)
      }
      return id
    }
  }

  /// - Returns: the part's tag.
  private func put(
    _ body: S3Body, part number: Int, of upload: String, _ name: String
  ) async throws -> String {
    let request = S3Request(
      method: .PUT, name: name,
      query: [("partNumber", String(number)), ("uploadId", upload)], body: body)
    return try await exchange.send(request) { answer in
      _ = try await answer.bytes()
      guard let tag = answer.header("etag") else {
        throw S3Error(
          request: answer.request, message: "the answer has no ETag", isRetryable: false)
      }
      return tag
    }
  }

  private func complete(
    _ upload: String, of name: String, tags: [String], byteCount: Int
  ) async throws {
    let parts = tags.enumerated().map { index, tag in
      let text = tag.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      return "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(text)</ETag></Part>"
    }
    let body =
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      + parts.joined() + "</CompleteMultipartUpload>"
    let request = S3Request(
      method: .POST, name: name, query: [("uploadId", upload)],
      headers: [("content-type", "application/xml")], body: .bytes(Array(body.utf8)))
    do {
      try await exchange.send(request) { [exchange] answer in
        let bytes = try await answer.bytes()
        // "A 200 OK response can contain either a success or an error."
        guard S3Document(bytes)?.name != "Error" else {
          throw exchange.fault(in: bytes, of: answer)
        }
      }
    } catch let error as S3Error where error.code == "NoSuchUpload" {
      // An earlier attempt may have completed it, and its answer was lost.
      guard try await self.byteCount(of: name) == byteCount else { throw error }
    }
  }

  private func abort(_ upload: String, of name: String) async throws {
    let request = S3Request(method: .DELETE, name: name, query: [("uploadId", upload)])
    _ = try await orNil { try await exchange.send(request) { _ in true } }
  }
}

extension S3Exchange {
  /// The error that an answer of success has as its body.
  fileprivate func fault(in body: [UInt8], of answer: S3Answer) -> S3Error {
    S3Error(
      request: answer.request, status: 200, body: body, credentials: signature.credentials)
  }
}
