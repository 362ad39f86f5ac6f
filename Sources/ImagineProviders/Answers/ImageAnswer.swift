import ImagineAPI
import ImagineSystem

/// An answer that should be an image. It is stored as it arrives; its bytes, not its header, tell
/// its type.
struct ImageAnswer {
  private let answer: HTTPAnswer

  /// The maximum size of an image in bytes.
  static let maxBytes = 256 << 20

  init(_ answer: HTTPAnswer) { self.answer = answer }

  /// - Throws: ``ImagineError``; `charged` is `yes` if the image had arrived and storing it failed,
  ///   or it is incomplete.
  func store(in store: any MediaStore) async throws -> Asset {
    guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
    guard !(answer.header("Content-Type") ?? "").lowercased().hasPrefix("application/json") else {
      throw answer.fault(try await answer.bytes())
    }
    let writer = try store.makeWriter()
    do {
      try await answer.forEachPiece(upTo: Self.maxBytes) { try writer.write($0) }
      let asset = try await commit(writer)
      guard asset.header != nil else { throw notAnImage(asset) }
      return asset
    } catch {
      writer.discard()
      throw error
    }
  }

  private func commit(_ writer: any AssetWriter) async throws -> Asset {
    do {
      return try await writer.commit()
    } catch var error as ImagineError where answer.call.isBilled {
      // If the end of the connection ends the body, the rest may have been lost on the way;
      // otherwise the service sent everything that it meant to send.
      let mayBeTruncated = error.kind == .badResponse && answer.endsWithConnection
      error.charged = mayBeTruncated ? .unknown : .yes
      error.retryable = false
      error.endpoint = error.endpoint ?? answer.call.endpoint
      throw error
    }
  }

  /// A JSON body is an error even if its header names another type.
  private func notAnImage(_ asset: Asset) -> ImagineError {
    guard asset.byteCount < HTTPAnswer.maxJSONBytes,
      let body = try? FileReader(asset.path).all()
    else {
      return answer.unexpected("the answer is \(asset.byteCount) bytes that are no image")
    }
    if let value = JSONValue(body), value.isObject { return answer.fault(body) }
    if body.isEmpty { return answer.unexpected("the answer is empty") }
    if ErrorAnswer.isHTML(body) {
      return answer.unexpected("the answer is \(ErrorAnswer(body).message ?? "a web page")")
    }
    return answer.unexpected(
      "the answer is \(asset.byteCount) bytes that are no PNG, JPEG or WebP")
  }
}
