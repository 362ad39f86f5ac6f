package import ImagineAPI

/// A call with a checked request and a fixed journal key.
package struct PreparedCall: Sendable {
  var request: Request
  /// SHA-256 of the input images, by field name.
  var images: [String: String]
  var provider: any Provider
  var options: CallOptions
  /// How many images; nil for a single image that is not in a list.
  var count: Int?
  var usesCache: Bool
  var keys: CallKeys
  var budgets: CallBudgets

  /// The redacted request for the journal, with the seed that the host chose.
  func description(of request: Request) -> RequestDescription {
    RequestDescription(request, images: images).redacted
  }

  func options(observedBy observer: any CallObserver) -> CallOptions {
    var options = options
    options.observer = observer
    return options
  }
}

extension Workflow {
  /// Fixes the journal key of a call. Equal calls are numbered in the order in which they are
  /// prepared, so this is synchronous; it hashes input files on the caller's thread.
  ///
  /// - Parameters:
  ///   - count: how many images; nil for a single image that is not in a list.
  ///   - scopes: budgets of the parts of the script that make the call, innermost first.
  package func prepare(
    _ request: Request, at provider: any Provider, options: CallOptions, count: Int? = nil,
    usesCache: Bool = false, scopes: [Budget] = []
  ) throws -> PreparedCall {
    let images = try request.images.mapValues(sha256)
    let keys = run.keys(
      for: RequestDescription(request, images: images), provider: provider.name, count: count
    ) { assets.sha256(of: Array($0.canonicalText.utf8)) }
    return PreparedCall(
      request: request, images: images, provider: provider, options: options, count: count,
      usesCache: usesCache, keys: keys, budgets: budgets(scopes))
  }

  private func sha256(of image: ImageInput) throws -> String {
    switch image {
    case .file(let path):
      try storedAsset(image)?.sha256 ?? assets.sha256(ofFile: path)
    case .bytes(let bytes): assets.sha256(of: bytes)
    }
  }
}
