public import ImagineCore
import ImagineSystem
import Synchronization

/// The request of a picture, ready to be sent once more.
public struct Redrawing: Sendable {
  let call: Session.Call
  /// What will be sent.
  public let request: RequestDescription
  /// The name of the provider that will draw.
  public let provider: String
  /// Nil where no price is known.
  public let price: Price?
  /// Names of `extra` fields that were sent the first time and are not in the picture.
  public let omitted: [String]
}

/// Pictures drawn again from what they tell.
extension Session {
  /// Prepares the request of a picture, which may be anybody's: every field is checked anew, the
  /// provider is one that this machine knows by its name, and input pictures are taken from the
  /// asset store by their hashes, never from a path or an address.
  ///
  /// - Parameter name: the provider to draw with; nil for the one that the picture names.
  /// - Throws: ``ImagineError`` of kind `validation` for what cannot be sent, and `io` where an
  ///   input picture is not in the store.
  public func redrawing(
    of metadata: PictureMetadata, provider name: String? = nil
  ) throws -> Redrawing {
    let provider = try provider(name ?? metadata.provider)
    let request = try metadata.request.request(for: provider.operations) { field, sha256 in
      guard let asset = try assets.asset(sha256: sha256) else {
        throw ImagineError(
          .io,
          "the input picture '\(field)' is not in the asset store of this machine:"
            + " it is the one with the SHA-256 \(sha256)", field: field)
      }
      return .file(path: FilePath(asset.path))
    }
    guard request.operation.answer == .picture else {
      throw ImagineError(
        .validation, "\(request.operation.name) gives a video, which is not drawn again",
        field: "operation")
    }
    return Redrawing(
      call: try makeCall(
        request, provider, options: defaults.withLock { $0.options },
        spending: Spending(in: nil, self)),
      request: metadata.request,
      provider: provider.name, price: provider.prices.price(of: request),
      omitted: metadata.omitted)
  }

  /// Whether the asset store has a file with a hash.
  public func keepsAsset(_ sha256: String) throws -> Bool {
    try assets.asset(sha256: sha256) != nil
  }

  /// Draws a picture again, and saves it.
  ///
  /// - Parameter replacing: whether a file of that name may be replaced; it is looked for before
  ///   anything is sent.
  /// - Throws: ``ImagineError``.
  public func draw(_ redrawing: Redrawing, to path: FilePath, replacing: Bool) async throws {
    try takeUpRun()
    _ = try PictureFormat(forSavingTo: path)
    guard try replacing || path.isStream || path.facts() == nil else {
      throw ImagineError(.io, "\(path) exists and may not be overwritten")
    }
    guard let image = try await draw(redrawing.call).first else { return }
    do {
      try await save(image, to: path, replacing: replacing, metadata: true)
    } catch {
      notice("kept an answer: \(image.asset.path)")
      throw error
    }
  }
}
