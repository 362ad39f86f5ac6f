import Hummingbird
import ImagineAPI

extension ImagineService {
  /// The OpenAI-style APIs of models, images and videos.
  var openAIRoutes: [Route] {
    [
      Route(.get, "/v1/models") { _ in
        .json(
          ModelList(
            data: (imageModels + [VideoStyle.standard] + configuration.modelAliases.keys.sorted())
              .map { Model(id: $0) }))
      },
      Route(.get, "/v1/models/*") { incoming in
        let id = incoming.parameters[0]
        _ = try model(id, among: imageModels + OpenAIModel.videos)
        return .json(Model(id: id))
      },
    ] + openAIImageRoutes + openAIVideoRoutes
  }
}
