/// The answer with images.
struct ImageList: Encodable {
  struct Image: Encodable {
    var url: String?
    var base64: String?

    enum CodingKeys: String, CodingKey {
      case url
      case base64 = "b64_json"
    }
  }

  let created: Int64
  let data: [Image]
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
