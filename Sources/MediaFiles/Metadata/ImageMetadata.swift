public import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a saved image was made: the complete request, so that it can be generated again.
///
/// Never contains a token, an address or a path.
public struct ImageMetadata: Sendable, Hashable {
  /// The request as it was sent, including the seed, redacted.
  public var request: RequestDescription
  /// The name of the provider.
  public var provider: String
  /// The built-in engine's version; nil for a model.
  public var engine: String?
  /// Pixels.
  public var size: PixelSize
  /// SHA-256 of the image from the provider, before conversion and before this metadata was
  /// embedded.
  public var sha256: String?
  /// Nil if the price was unknown.
  public var price: Price?
  /// The id of the run that generated it.
  public var run: String?
  /// The names of `extra` fields that were sent but are redacted here.
  public let redactedFields: [String]

  /// - Parameter request: its `extra` fields are redacted (``RequestDescription/redacted``).
  public init(
    request: RequestDescription, provider: String, engine: String? = nil, size: PixelSize,
    sha256: String? = nil, price: Price? = nil, run: String? = nil
  ) {
    self.init(
      request: request, provider: provider, engine: engine, size: size, sha256: sha256,
      price: price, run: run, redactedFields: [])
  }

  private init(
    request: RequestDescription, provider: String, engine: String?, size: PixelSize,
    sha256: String?, price: Price?, run: String?, redactedFields: [String]
  ) {
    let redacted = request.redacted
    let removed = request.extra.keys.filter { redacted.extra[$0] == nil }
    self.request = redacted
    self.redactedFields = Set(redactedFields + removed).sorted()
    self.provider = provider
    self.engine = engine
    self.size = size
    self.sha256 = sha256
    self.price = price
    self.run = run
  }

  public var operation: String { request.operation }
  public var prompt: String? { request.prompt }
  /// The style; for OpenAI-style services the model.
  public var style: String? { request.styleOrModel }
  public var aspectRatio: String? { request.text("aspect_ratio") }

  public var seed: Int64? { request.seed }

  /// SHA-256 of the input images, masks last.
  public var parents: [String] {
    request.images.sorted {
      ($0.key == "mask" ? 1 : 0, $0.key) < ($1.key == "mask" ? 1 : 0, $1.key)
    }
    .flatMap(\.value)
  }
}

/// The JSON object: the complete request under `request`, and the most wanted values at the top.
extension ImageMetadata: Codable {
  private enum CodingKeys: String, CodingKey {
    case operation, prompt, style, seed, request, provider, engine, width, height, sha256, price,
      run, parents
    case redactedFields = "omitted"
    case aspectRatio = "aspect_ratio"
  }

  private struct PriceForm: Codable {
    var amount: Double
    var unit: String
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(operation, forKey: .operation)
    try container.encodeIfPresent(prompt, forKey: .prompt)
    try container.encodeIfPresent(style, forKey: .style)
    try container.encodeIfPresent(aspectRatio, forKey: .aspectRatio)
    try container.encodeIfPresent(seed, forKey: .seed)
    try container.encode(request, forKey: .request)
    try container.encode(provider, forKey: .provider)
    try container.encodeIfPresent(engine, forKey: .engine)
    try container.encode(size.width, forKey: .width)
    try container.encode(size.height, forKey: .height)
    try container.encodeIfPresent(sha256, forKey: .sha256)
    try container.encodeIfPresent(
      price.map { PriceForm(amount: $0.amount, unit: $0.unit) }, forKey: .price)
    try container.encodeIfPresent(run, forKey: .run)
    if !parents.isEmpty { try container.encode(parents, forKey: .parents) }
    if !redactedFields.isEmpty { try container.encode(redactedFields, forKey: .redactedFields) }
  }

  /// - Throws: `DecodingError` for any other JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let price = try container.decodeIfPresent(PriceForm.self, forKey: .price)
    self.init(
      request: try container.decode(RequestDescription.self, forKey: .request),
      provider: try container.decode(String.self, forKey: .provider),
      engine: try container.decodeIfPresent(String.self, forKey: .engine),
      size: PixelSize(
        width: try container.decode(Int.self, forKey: .width),
        height: try container.decode(Int.self, forKey: .height)),
      sha256: try container.decodeIfPresent(String.self, forKey: .sha256),
      price: price.flatMap { Price(amount: $0.amount, unit: $0.unit) },
      run: try container.decodeIfPresent(String.self, forKey: .run),
      redactedFields: try container.decodeIfPresent([String].self, forKey: .redactedFields) ?? [])
  }
}

extension Price {
  /// Nil for an impossible amount: the file is untrusted.
  fileprivate init?(amount: Double, unit: String) {
    guard (0...1e9).contains(amount) else { return nil }
    self.init(millionths: Int64((amount * 1_000_000).rounded()), unit: unit)
  }
}
