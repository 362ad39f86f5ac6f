import Hummingbird
import ImagineAPI
import MediaFiles

/// The API of A1111, which many programs for Stable Diffusion speak.
extension ImagineService {
  var sdapiRoutes: [Route] {
    sdapiImageRoutes + sdapiLists + [
      Route(.get, "/sdapi/v1/options") { incoming in
        .json(Value.table(options(of: incoming.account)))
      },
      Route(.post, "/sdapi/v1/options") { try await setOptions($0) },
      Route(.get, "/sdapi/v1/progress") { .json(progress(of: $0.account)) },
      Route(.post, "/sdapi/v1/interrupt") { incoming in
        sdapiSessions.interrupt(incoming.account)
        return .json([:] as Value)
      },
      Route(.post, "/sdapi/v1/png-info") { try await information($0) },
    ]
  }

  /// What clients ask for to fill their menus.
  private var sdapiLists: [Route] {
    func list(_ name: String, _ entries: [Value]) -> Route {
      Route(.get, "/sdapi/v1/\(name)") { _ in .json(Value.list(entries)) }
    }
    return [
      // Those of the upstreams may change.
      Route(.get, "/sdapi/v1/sd-models") { _ in
        let models = imageModels
        let aliases = configuration.modelAliases.filter { models.contains($0.value) }
        let entries: [Value] = (models + aliases.keys.sorted()).map {
          [
            "title": .text($0), "model_name": .text($0), "filename": .text($0), "hash": .null,
            "sha256": .null, "config": .null,
          ]
        }
        return .json(Value.list(entries))
      },
      list(
        "samplers",
        SDAPINames.samplers.map { ["name": .text($0), "aliases": [], "options": [:]] }),
      list(
        "schedulers",
        SDAPINames.schedulers.map {
          [
            "name": .text($0), "label": .text($0), "aliases": .null, "default_rho": -1,
            "need_inner_model": false,
          ]
        }),
      list(
        "upscalers",
        SDAPINames.upscalers.map {
          [
            "name": .text($0), "model_name": .null, "model_path": .null, "model_url": .null,
            "scale": 2,
          ]
        }),
      // This server has none of these, but its clients fail where the list is missing.
      list("latent-upscale-modes", []), list("sd-vae", []), list("loras", []),
      list("prompt-styles", []),
      Route(.get, "/sdapi/v1/scripts") { _ in .json(["txt2img": [], "img2img": []] as Value) },
    ]
  }

  // MARK: Settings

  private func options(of account: Account) -> [String: Value] {
    [
      "sd_model_checkpoint": .text(sdapiSessions.model(of: account)), "sd_checkpoint_hash": "",
      "sd_vae": "Automatic", "samples_format": "png", "enable_pnginfo": true,
      "CLIP_stop_at_last_layers": 1,
    ]
  }

  /// Chooses the model. Other settings may only be repeated: some clients send back all of them.
  private func setOptions(_ incoming: IncomingRequest) async throws -> Response {
    let body = try await bodies.read(incoming, most: configuration.limits.jsonBytes)
    var fields = try JSONFields(body).fields
    let model = fields.removeValue(forKey: "sd_model_checkpoint")
    let own = options(of: incoming.account)
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) where value != own[name] {
      throw APIError.invalid(
        "field '\(name)': \(value.quoted) is not available on this server"
          + (own[name].map { " (expected \($0.quoted))" } ?? ""), field: name)
    }
    if let model {
      guard let name = model.text else {
        throw APIError.invalid(
          "field 'sd_model_checkpoint': \(model.quoted) is no model", field: "sd_model_checkpoint")
      }
      _ = try sdapiModel(name)
      sdapiSessions.choose(name, for: incoming.account)
    }
    return .json([:] as Value)
  }

  /// The model that a name stands for.
  ///
  /// - Throws: ``APIError`` for an unknown one.
  func sdapiModel(_ name: String) throws(APIError) -> String {
    do {
      return try model(name)
    } catch {
      throw .invalid(error.message, field: "sd_model_checkpoint")
    }
  }

  // MARK: Progress

  private func progress(of account: Account) -> Value {
    let progress = sdapiSessions.progress(of: account)
    let state: Value = [
      "skipped": false, "interrupted": false, "stopping_generation": false,
      "job": .text(progress.name), "job_count": .integer(Int64(progress.images)),
      "job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0,
    ]
    return [
      "progress": .number(progress.part), "eta_relative": 0, "state": state,
      "current_image": .null, "textinfo": .null, "current_task": .null,
    ]
  }

  // MARK: Texts

  private func information(_ incoming: IncomingRequest) async throws -> Response {
    let body = try await bodies.read(incoming)
    let request = try SDAPIBody(body).request(for: .imageInformation)
    try RequestCheck(configuration.limits).check(request)
    guard case .bytes(let image)? = request.image("image"),
      let texts = ImageTexts(MediaSource(image))
    else {
      throw APIError.invalid("field 'image' is missing", field: "image")
    }
    let items = Dictionary(texts.entries.map { ($0.keyword, Value.text($0.text)) }) { first, _ in
      first
    }
    let text = items[Infotext.keyword]?.text ?? ""
    let answer: Value = [
      "info": .text(text), "items": .table(items), "parameters": Infotext.parameters(in: text),
    ]
    return .json(answer)
  }
}
