public import ImagineAPI
import ImagineSystem
public import MediaFiles
import Synchronization

/// The request in an image's metadata, ready to be sent again.
public struct RerunRequest: Sendable {
  let call: PreparedCall
  /// What will be sent.
  public let request: RequestDescription
  /// The name of the provider that it will be sent to.
  public let provider: String
  /// Nil if no price is known.
  public let price: Price?
  /// Names of `extra` fields that the first request had and the image does not contain.
  public let omitted: [String]
}

/// Generates images again from their metadata.
extension Workflow {
  /// Prepares the request in an image's metadata. The image may come from anybody, so every field
  /// is checked again, the provider must be known on this machine by its name, and input images
  /// come from the asset store by their hashes, never from a path or an address.
  ///
  /// - Parameter name: the provider; nil for the one that the metadata names.
  /// - Throws: ``ImagineError`` of kind `validation` for a request that cannot be sent, and `io` if
  ///   an input image is not in the store.
  public func rerunRequest(
    for metadata: ImageMetadata, provider name: String? = nil
  ) throws -> RerunRequest {
    let provider = try provider(name ?? metadata.provider)
    let request = try metadata.request.request(for: provider.profile.operations) { field, sha256 in
      guard let asset = try assets.asset(sha256: sha256) else {
        throw ImagineError(
          .io,
          "the input image '\(field)' is not in the asset store of this machine"
            + " (SHA-256 \(sha256))", field: field)
      }
      return .asset(asset)
    }
    guard request.operation.answer == .image else {
      throw ImagineError(
        .validation, "\(request.operation.name) makes a video; only images can be generated again",
        field: "operation")
    }
    return RerunRequest(
      call: try prepare(
        request, at: provider, options: defaults.withLock { $0.options },
        composites: metadata.isComposite ?? (provider.name != metadata.provider)),
      request: metadata.request,
      provider: provider.name, price: provider.profile.prices.price(of: request),
      omitted: metadata.redactedFields)
  }

  /// Whether the asset store has a file with a hash.
  public func hasAsset(_ sha256: String) throws -> Bool {
    try assets.asset(sha256: sha256) != nil
  }

  /// Generates an image again and saves it.
  ///
  /// - Parameter replacing: whether an existing file may be replaced; checked before anything is
  ///   sent.
  /// - Throws: ``ImagineError``.
  public func rerun(_ request: RerunRequest, to path: FilePath, replacing: Bool) async throws {
    try resumeRun()
    _ = try ImageFormat(forSavingTo: path)
    try path.checkIsPlace()
    guard try replacing || path.isStream || path.status() == nil else {
      throw ImagineError(.io, "\(path) exists and may not be overwritten")
    }
    guard let image = try await images(of: request.call).first else { return }
    do {
      var options = SaveOptions()
      options.overwrite = replacing ? .replace : .refuse
      try await save(image, to: path, options)
    } catch {
      notice("kept an answer: \(image.asset.path)")
      throw error
    }
  }
}
