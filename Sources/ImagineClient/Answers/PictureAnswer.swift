import ImagineCore

/// An answer that should be a picture: stored as it arrives, known by its bytes and not by what its
/// header calls it.
struct PictureAnswer {
  private let answer: HTTPAnswer

  /// The most bytes of a picture that are taken.
  static let mostBytes = 256 << 20

  init(_ answer: HTTPAnswer) { self.answer = answer }

  /// - Throws: ``ImagineError``; `charged` is `yes` where the picture had arrived and the store did
  ///   not take it, or found it incomplete.
  func store(in store: any AssetStore) async throws -> Asset {
    guard answer.isSuccess else { throw answer.fault(try await answer.beginning()) }
    guard !(answer.header("Content-Type") ?? "").lowercased().hasPrefix("application/json") else {
      throw answer.fault(try await answer.bytes())
    }
    let writer = try store.makeWriter()
    do {
      try await answer.forEachPiece(upTo: Self.mostBytes) { try writer.write($0) }
      let asset = try await commit(writer)
      guard asset.header != nil else { throw notAPicture(asset) }
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
      // Where the end of the connection is the end of the body, the rest may be lost on the way;
      // elsewhere the service sent all that it meant to send.
      let isCut = error.kind == .badResponse && answer.endsWithConnection
      error.charged = isCut ? .unknown : .yes
      error.retryable = false
      error.endpoint = error.endpoint ?? answer.call.endpoint
      throw error
    }
  }

  /// JSON under another type's name is an error all the same.
  private func notAPicture(_ asset: Asset) -> ImagineError {
    guard asset.byteCount < HTTPAnswer.longestJSON,
      let body = try? InputFile.read(FilePath(asset.path), field: "answer")
    else {
      return answer.unexpected("the answer is \(asset.byteCount) bytes that are no picture")
    }
    if let value = JSONValue(body), value.isObject { return answer.fault(body) }
    if body.isEmpty { return answer.unexpected("the answer is empty") }
    if ErrorAnswer.isPage(body) {
      return answer.unexpected("the answer is \(ErrorAnswer(body).words ?? "a web page")")
    }
    return answer.unexpected(
      "the answer is \(asset.byteCount) bytes that are no PNG, JPEG or WebP")
  }
}
