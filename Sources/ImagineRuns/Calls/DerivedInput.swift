import ImagineAPI

/// The bytes that stand for a derived image in the calls of a run.
///
/// A resumed run derives the image again, and another version of the engine may give other bytes for
/// it. The call's key and what is sent have those that are journaled, so it is paid for once.
public struct DerivedInput: Sendable, Hashable, Codable {
  /// ``Derivation/recipe``.
  public var recipe: String
  /// Of the bytes, in hexadecimal.
  public var sha256: String
  /// The version of the engine that made them; nil if it is not known.
  public var engine: String?

  init(_ derivation: Derivation, sha256: String) {
    recipe = derivation.recipe
    engine = derivation.engine
    self.sha256 = sha256
  }
}

extension Workflow {
  /// The file that stands for a derived image in this run; any other file as it is.
  func journaled(_ asset: Asset) throws -> Asset {
    guard let fresh = asset.derivation else { return asset }
    let known = run.derivedInput(DerivedInput(fresh, sha256: asset.sha256))
    guard known.sha256 != asset.sha256 else { return asset }
    let derivation = Derivation(recipe: known.recipe, engine: known.engine)
    if let stored = try assets.asset(sha256: known.sha256) { return stored.derived(by: derivation) }
    // The answer may be stored all the same; `checkInputs` refuses to send.
    return Asset(
      sha256: known.sha256, path: "", byteCount: 0, header: asset.header, derivation: derivation)
  }

  /// - Throws: ``ImagineError`` of kind `io` if a file that stands for a derived image is lost.
  func checkInputs(of request: Request) throws(ImagineError) {
    for (field, inputs) in request.images.sorted(by: { $0.key < $1.key }) {
      for case .asset(let asset) in inputs where asset.path.isEmpty {
        throw ImagineError(
          .io,
          "field '\(field)': the image that an earlier attempt derived is no longer in the asset"
            + " store (SHA-256 \(asset.sha256))", field: field)
      }
    }
  }

  /// The request with a mask without alpha, where the provider reads no other: a cut-out's opaque
  /// part is edited.
  func withPlainMask(_ request: Request, for profile: ProviderProfile) async throws -> Request {
    guard !profile.usesMaskAlpha, case .asset(let mask)? = request.image("mask"),
      mask.header?.hasAlpha == true
    else { return request }
    let step = try step(.mask, images: ["image": [.asset(mask)]])
    do {
      let output = try await converter.perform(step, into: assets)
      return request.with(images: ["mask": [.asset(output.asset)]])
    } catch var error as ImagineError {
      error.field = "mask"
      throw error
    }
  }
}
