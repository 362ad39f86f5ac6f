public import ImagineAPI

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
  /// SHA-256 of the image as the run got it, before conversion and before this metadata was
  /// embedded.
  public var sha256: String?
  /// SHA-256 of the provider's answer, if the image is a composite of it and the request's image.
  public var original: String?
  /// Whether the request's image was put back outside the mask; nil where that was not a question.
  public var isComposite: Bool?
  /// How far the provider's answer was from the request's image outside the mask, 0 … 1.
  public var drift: Double?
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
extension ImageMetadata {
  var value: Value {
    var members: [String: Value] = [
      "operation": .text(operation), "request": request.value, "provider": .text(provider),
      "width": .integer(Int64(size.width)), "height": .integer(Int64(size.height)),
    ]
    let texts = [
      "prompt": prompt, "style": style, "aspect_ratio": aspectRatio, "engine": engine,
      "sha256": sha256, "run": run,
    ]
    for (name, text) in texts { members[name] = text.map(Value.text) }
    members["seed"] = seed.map(Value.integer)
    members["price"] = price.map { ["amount": $0.jsonAmount, "unit": .text($0.unit)] }
    members["original"] = original.map(Value.text)
    members["composite"] = isComposite.map(Value.flag)
    members["drift"] = drift.map(Value.number)
    if !parents.isEmpty { members["parents"] = .list(parents.map(Value.text)) }
    if !redactedFields.isEmpty { members["omitted"] = .list(redactedFields.map(Value.text)) }
    return .table(members)
  }

  /// Reads what ``value`` gave, and what older versions wrote.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for anything else.
  init(_ value: Value) throws(ImagineError) {
    let object = try Members(value)
    let price = try object.optional("price", { $0 }).map { (value) throws(ImagineError) in
      let price = try Members(value)
      return Price(
        amount: try price.required("amount", \.double), unit: try price.required("unit", \.text))
    }
    self.init(
      request: try RequestDescription(object.required("request", { $0 })),
      provider: try object.required("provider", \.text),
      engine: try object.optional("engine", \.text),
      size: PixelSize(
        width: Int(try object.required("width", \.integer)),
        height: Int(try object.required("height", \.integer))),
      sha256: try object.optional("sha256", \.text), price: price ?? nil,
      run: try object.optional("run", \.text),
      redactedFields: try object.optional("omitted", \.list)?.compactMap(\.text) ?? [])
    original = try object.optional("original", \.text)
    isComposite = try object.optional("composite", \.flag)
    drift = try object.optional("drift", \.double)
  }

  /// The members of a JSON object from an untrusted file.
  private struct Members {
    private let values: [String: Value]

    init(_ value: Value) throws(ImagineError) {
      guard let values = value.table else {
        throw ImagineError(.validation, "the metadata of an image is an object")
      }
      self.values = values
    }

    func optional<Result>(
      _ name: String, _ read: (Value) -> Result?
    ) throws(ImagineError) -> Result? {
      guard let value = values[name], value != .null else { return nil }
      guard let result = read(value) else {
        throw ImagineError(.validation, "'\(name)' in the metadata of an image has another type")
      }
      return result
    }

    func required<Result>(
      _ name: String, _ read: (Value) -> Result?
    ) throws(ImagineError) -> Result {
      guard let result = try optional(name, read) else {
        throw ImagineError(.validation, "'\(name)' is missing in the metadata of an image")
      }
      return result
    }
  }
}

extension ImageMetadata: Encodable {
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension Price {
  /// Whole amounts are written as integers, as older versions did.
  fileprivate var jsonAmount: Value {
    millionths % 1_000_000 == 0 ? .integer(millionths / 1_000_000) : .number(amount)
  }

  /// Nil for an impossible amount: the file is untrusted.
  fileprivate init?(amount: Double, unit: String) {
    guard (0...1e9).contains(amount) else { return nil }
    self.init(millionths: Int64((amount * 1_000_000).rounded()), unit: unit)
  }
}
