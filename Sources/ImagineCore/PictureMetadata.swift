#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a saved picture tells of its making: the whole request, so that it can be drawn again.
///
/// Never holds a token, an address or a path.
public struct PictureMetadata: Sendable, Hashable {
  /// As it was sent, seed included.
  public var request: RequestDescription
  /// The name of what drew it.
  public var provider: String
  /// Names what drew the picture, where the provider is the built-in engine.
  public var engine: String?
  /// Pixels.
  public var size: PixelSize
  /// SHA-256 of the picture as the provider gave it, before it was converted or given this text.
  public var sha256: String?
  /// Nil where no price was known.
  public var price: Price?
  /// The id of the run that it was drawn in.
  public var run: String?
  /// The names of those `extra` fields that were sent and are not told here.
  public let omitted: [String]

  /// - Parameter request: of its `extra`, addresses and what may be a secret are left out.
  public init(
    request: RequestDescription, provider: String, engine: String? = nil, size: PixelSize,
    sha256: String? = nil, price: Price? = nil, run: String? = nil
  ) {
    self.init(
      request: request, provider: provider, engine: engine, size: size, sha256: sha256,
      price: price, run: run, omitted: [])
  }

  private init(
    request: RequestDescription, provider: String, engine: String?, size: PixelSize,
    sha256: String?, price: Price?, run: String?, omitted: [String]
  ) {
    let told = request.withoutPrivateExtras
    let removed = request.extra.keys.filter { told.extra[$0] == nil }
    self.request = told
    self.omitted = Set(omitted + removed).sorted()
    self.provider = provider
    self.engine = engine
    self.size = size
    self.sha256 = sha256
    self.price = price
    self.run = run
  }

  public var operation: String { request.operation }
  public var prompt: String? { request.prompt }
  /// The style, or at an OpenAI-style service the model.
  public var style: String? { request.styleOrModel }
  public var aspectRatio: String? { request.text("aspect_ratio") }

  public var seed: Int64? { request.seed }

  /// SHA-256 of the pictures that it was made from, the one worked on first.
  public var parents: [String] {
    request.pictures.sorted {
      ($0.key == "mask" ? 1 : 0, $0.key) < ($1.key == "mask" ? 1 : 0, $1.key)
    }
    .map(\.value)
  }
}

/// The JSON object: the request under `request`, and again what readers look for first.
extension PictureMetadata: Codable {
  private enum CodingKeys: String, CodingKey {
    case operation, prompt, style, seed, request, provider, engine, width, height, sha256, price,
      run, parents, omitted
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
    if !omitted.isEmpty { try container.encode(omitted, forKey: .omitted) }
  }

  /// - Throws: `DecodingError` for anything that is not this object.
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
      omitted: try container.decodeIfPresent([String].self, forKey: .omitted) ?? [])
  }
}

extension Price {
  /// Nil for an amount that no price has: it stands in a stranger's file.
  fileprivate init?(amount: Double, unit: String) {
    guard (0...1e9).contains(amount) else { return nil }
    self.init(millionths: Int64((amount * 1_000_000).rounded()), unit: unit)
  }
}

extension RequestDescription {
  func text(_ field: String) -> String? {
    if case .text(let text)? = fields[field] { text } else { nil }
  }

  public var prompt: String? { text("prompt") }
  /// The style, or at an OpenAI-style service the model.
  public var styleOrModel: String? { text("style") ?? text("model") }
  public var seed: Int64? {
    if case .integer(let seed)? = fields["seed"] { seed } else { nil }
  }

  /// The description without those of its `extra` fields that may be a secret or name a place:
  /// nobody checks what a script passes there, and a picture may go anywhere.
  public var withoutPrivateExtras: RequestDescription {
    var copy = self
    copy.extra = extra.filter { !Self.isSecret($0.key) && !Self.namesPlace($0.value) }
    return copy
  }

  /// The description as version 1 of the journal put it into keys: without each field whose name has
  /// a word such as `key` anywhere in it, as `keyframes` has.
  public var withoutPrivateExtrasOfVersion1: RequestDescription {
    var copy = self
    copy.extra = extra.filter { name, value in
      let name = name.lowercased()
      return !Self.secretWordsOfVersion1.contains(where: name.contains) && !Self.namesPlace(value)
    }
    return copy
  }

  private static func namesPlace(_ value: Scalar) -> Bool {
    guard case .text(let text) = value else { return false }
    return text.contains("://") || text.hasPrefix("/") || text.hasPrefix("~")
  }

  /// Whether a field is a secret by its name: `api_key`, `apiKey`, `x-auth-token`. A word that only
  /// begins like one, as in `keyframes` or `author`, makes none.
  private static func isSecret(_ name: String) -> Bool {
    let words = words(of: name)
    guard let last = words.last else { return false }
    return secretWords.contains(last) || secretWords.contains(words.suffix(2).joined())
      || words.dropLast().contains { $0 == "secret" || $0 == "webhook" }
  }

  /// The words of a name in lower case, in whichever way they are joined.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isAfterSmall = false
    for character in name {
      guard character.isLetter || character.isNumber else {
        words.append(word)
        word = ""
        continue
      }
      if character.isUppercase, isAfterSmall {
        words.append(word)
        word = ""
      }
      isAfterSmall = character.isLowercase
      word += character.lowercased()
    }
    return (words + [word]).filter { !$0.isEmpty }
  }

  /// The last words of the names of secrets.
  private static let secretWords: Set<String> = [
    "token", "key", "apikey", "accesskey", "secretkey", "secret", "password", "passwd",
    "passphrase",
    "auth", "authorization", "credential", "credentials", "webhook", "cookie", "accesstoken",
    "authtoken", "bearer",
  ]

  /// What had to be in a name of version 1.
  private static let secretWordsOfVersion1 = [
    "token", "key", "secret", "password", "auth", "credential", "webhook", "cookie",
  ]
}
