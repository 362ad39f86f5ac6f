import ImagineAPI

/// The server's own engine as a provider, for one call: it waits for the call's turn in the queue,
/// and computes on the engine's threads.
///
/// It throws the errors of the engine and of the queue, which ``APIError`` describes.
struct EngineProvider: Provider {
  let engine: any Engine
  let queue: EngineQueue
  /// Who calls, what the call needs, and when it must stop.
  let demand: EngineQueue.Demand
  /// What each image is converted to, in the same turn; nil to leave it as it was made.
  var conversion: @Sendable (_ image: [UInt8]) -> Conversion? = { _ in nil }

  var profile: ProviderProfile {
    ProviderProfile(
      name: BuiltInProvider.local.name, kind: "engine",
      operations: MediaOperation.all.filter(engine.supports), takesCount: true,
      keepsOutsideMask: true)
  }

  func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let images = try await queue.run(demand) { [engine, demand, conversion] in
      try engine.makeImages(request, demand.control).map { image in
        guard let conversion = conversion(image.bytes) else { return image }
        var image = image
        image.bytes = try engine.convert(
          image.bytes, to: conversion, control: demand.control)
        return image
      }
    }
    var outputs: [Output] = []
    for image in images {
      outputs.append(
        Output(
          asset: try await context.store.store(image.bytes), engine: engine.version,
          seed: image.seed, confidence: image.confidence))
    }
    return .finished(Answer(outputs))
  }
}
