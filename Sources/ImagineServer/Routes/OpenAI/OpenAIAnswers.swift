/// The answer with images.
struct ImageList: Encodable {
  struct Image: Encodable {
    var url: String?
    var base64: String?
    /// Our extension.
    var seed: Int64?

    enum CodingKeys: String, CodingKey {
      case url, seed
      case base64 = "b64_json"
    }
  }

  let created: Int64
  var data: [Image] = []
  /// Nil for `auto`: OpenAI's answers tell only what was chosen.
  let background: String?
  let format: String
  /// Nil for `auto`.
  let quality: String?
  let size: String?
  var usage = Usage()

  enum CodingKeys: String, CodingKey {
    case created, data, background, quality, size, usage
    case format = "output_format"
  }

  /// The images as events of a stream.
  func events(named type: String) -> [ImageEvent] {
    data.map { image in
      ImageEvent(
        type: type, base64: image.base64 ?? "", seed: image.seed, created: created,
        background: background ?? "auto", format: format, quality: quality ?? "auto", size: size)
    }
  }
}

/// One completed image of a stream.
struct ImageEvent: Encodable {
  let type: String
  let base64: String
  let seed: Int64?
  let created: Int64
  let background: String
  let format: String
  let quality: String
  let size: String?
  var usage = Usage()

  enum CodingKeys: String, CodingKey {
    case type, seed, background, quality, size, usage
    case base64 = "b64_json"
    case created = "created_at"
    case format = "output_format"
  }
}

/// The tokens that a model would have used. The engine uses none.
struct Usage: Encodable {
  struct Details: Encodable {
    var images = 0
    var texts = 0

    enum CodingKeys: String, CodingKey {
      case images = "image_tokens"
      case texts = "text_tokens"
    }
  }

  var input = 0
  var inputDetails = Details()
  var output = 0
  var outputDetails = Details()
  var total = 0

  enum CodingKeys: String, CodingKey {
    case input = "input_tokens"
    case inputDetails = "input_tokens_details"
    case output = "output_tokens"
    case outputDetails = "output_tokens_details"
    case total = "total_tokens"
  }
}

/// A model.
struct Model: Encodable {
  let id: String
  var object = "model"
  var created = 0
  var owner = "imagine"

  enum CodingKeys: String, CodingKey {
    case id, object, created
    case owner = "owned_by"
  }
}

/// All models.
struct ModelList: Encodable {
  var object = "list"
  let data: [Model]
}
