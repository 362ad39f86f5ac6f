public import ImagineCore

/// What a provider's calls depend on before they are sent, so that a script's calls are checked in a
/// replay as they were when they were recorded. Holds no address and no token.
public struct RecordedProvider: Sendable, Hashable, Codable {
  public var name: String
  /// What an OpenAI-style service is sent where a script names no model.
  public var model: String?
  /// The sizes that an OpenAI-style service takes; nil for any.
  public var sizes: [String]?
  /// Whether it speaks an OpenAI-style API; else it is the Imagine API.
  public var isOpenAI: Bool
  public var takesCount: Bool
  public var prices: PriceList

  public init(_ provider: any Provider) {
    let generate = provider.operations.first { $0.name == Operation.generate.name }
    name = provider.name
    model = generate?.field("model")?.hostDefault
    sizes = generate?.field("size")?.allowedNames
    isOpenAI = generate?.field("model") != nil
    takesCount = provider.takesCount
    prices = provider.prices
  }

  var operations: [Operation] {
    isOpenAI
      ? [.openAIGenerate(model: model, sizes: sizes?.compactMap(PixelSize.init))] : Operation.all
  }
}
