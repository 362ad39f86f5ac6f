public import ImagineAPI

/// A provider's properties that the checks of calls depend on, so that a replay checks calls as the
/// recorded run did. Contains no address and no token.
public struct RecordedProvider: Sendable, Hashable, Codable {
  public var name: String
  /// The default model of an OpenAI-style service.
  public var model: String?
  /// The sizes that an OpenAI-style service takes; nil for any.
  public var sizes: [String]?
  /// Whether it has an OpenAI-style API; otherwise it has the Imagine API.
  public var isOpenAI: Bool
  public var takesCount: Bool
  public var prices: PriceList

  public init(_ provider: any Provider) {
    let generate = provider.operations.first { $0.name == MediaOperation.generate.name }
    name = provider.name
    model = generate?.field("model")?.hostDefault
    sizes = generate?.field("size")?.allowedNames
    isOpenAI = generate?.field("model") != nil
    takesCount = provider.takesCount
    prices = provider.prices
  }

  var operations: [MediaOperation] {
    isOpenAI
      ? [.openAIGenerate(model: model, sizes: sizes?.compactMap(PixelSize.init))]
      : MediaOperation.all
  }
}
