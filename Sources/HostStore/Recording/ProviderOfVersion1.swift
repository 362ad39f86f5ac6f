import ImagineAPI

/// The properties of a provider in a recording of version 1. Later ones have its profile.
struct ProviderOfVersion1: Decodable {
  var name: String
  /// The default model of an OpenAI-style service.
  var model: String?
  /// The sizes that an OpenAI-style service takes; nil for any.
  var sizes: [String]?
  /// Whether it has an OpenAI-style API; otherwise it has the Imagine API.
  var isOpenAI: Bool
  var takesCount: Bool
  var prices: PriceList

  var profile: ProviderProfile {
    ProviderProfile(
      name: name, kind: isOpenAI ? "openai" : "imagine",
      operations: isOpenAI
        ? [.openAIGenerate(model: model, sizes: sizes?.compactMap(PixelSize.init))]
        : MediaOperation.all,
      takesCount: takesCount, prices: prices, usesMaskAlpha: name == "local",
      keepsOutsideMask: true)
  }
}
