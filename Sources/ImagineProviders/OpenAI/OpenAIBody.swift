import ImagineAPI

/// The body of a call in the form that an OpenAI-style service takes.
struct OpenAIBody {
  /// The path below the base URL.
  private(set) var path: String
  private var fields: [String: Value]
  private var files: [(name: String, bytes: [UInt8])] = []
  /// Whether it is `multipart/form-data` even without files.
  private var isForm = false

  private let request: Request
  private let service: OpenAIService
  private let context: CallContext

  /// - Throws: ``ImagineError`` if an input image cannot be read.
  init(
    _ request: Request, _ service: OpenAIService, responseFormat: String?, _ context: CallContext
  ) throws(ImagineError) {
    self.request = request
    self.service = service
    self.context = context
    path = request.operation.path
    fields = request.extra
    for (name, value) in request.fields where name != "aspect_ratio" && name != "approximate" {
      fields[name] = value
    }
    if request.operation.answer == .job {
      try makeVideo()
    } else {
      if let responseFormat { fields["response_format"] = .text(responseFormat) }
      try makeImage()
    }
  }

  var contentAndType: (bytes: [UInt8], type: String) {
    guard isForm || !files.isEmpty else {
      return (Array(Value.table(fields).json.utf8), "application/json")
    }
    var body = MultipartBody()
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
      let isPlain = value.list == nil && value.table == nil
      body.append(name: name, value: isPlain ? value.description : value.json)
    }
    for (name, bytes) in files { body.append(name: name, file: bytes) }
    body.close()
    return (body.bytes, body.contentType)
  }

  // MARK: Images

  private mutating func makeImage() throws(ImagineError) {
    if request.count > 1 { fields["n"] = .integer(Int64(request.count)) }
    if let size = try request.requestedSize() ?? sizeOfInput { fields["size"] = .text(size) }
    instruct()
    switch service.dialect {
    case .openrouter: try addReferences()
    default: try addImages()
    }
    if service.dialect == .sdcpp { moveSampling() }
  }

  /// The size of the edited image, if the model makes it: an edit keeps the size then. An edit inside
  /// a mask keeps the shape at least.
  private var sizeOfInput: String? {
    guard case .asset(let asset)? = request.image("image"), let size = asset.header?.size,
      request.operation.field("size") != nil
    else { return nil }
    if request.sizes.contains(size) { return size.description }
    guard request.operation.editsInsideMask else { return nil }
    return request.sizes.nearest(inShapeOf: size)?.description
  }

  /// Says in words what the operation means, and what it needs.
  private mutating func instruct() {
    switch request.operation.name {
    case MediaOperation.removeBackground.name:
      fields["background"] = "transparent"
      fields["output_format"] = fields["output_format"] ?? "png"
      fields["prompt"] = fields["prompt"] ?? .text(Self.removal)
    case MediaOperation.retouch.name:
      fields["prompt"] = fields["prompt"] ?? .text(Self.retouching)
    case MediaOperation.addBackground.name:
      fields["prompt"] = .text("\(Self.background) \(request.prompt ?? "")")
    case MediaOperation.upscale.name:
      fields["scale"] = .integer(2)
    default: break
    }
  }

  private static let removal =
    "Remove the background. Keep the subject exactly as it is, and make everything else transparent."
  private static let retouching =
    "Remove what the mask marks, and continue what surrounds it. Change nothing else."
  private static let background =
    "Keep the subject of the image exactly as it is, and put it in front of this background:"

  /// The edited image comes first; the mask belongs to it.
  private mutating func addImages() throws(ImagineError) {
    let images = try contents("image") + contents("images")
    guard !images.isEmpty else { return }
    if request.operation.name == MediaOperation.generate.name { path = "/images/edits" }
    files = images.map { (images.count > 1 ? "image[]" : "image", $0) }
    for mask in try contents("mask") {
      files.append(("mask", mask))
      if service.dialect == .vllm { files.append(("mask_image", mask)) }
    }
  }

  private mutating func addReferences() throws(ImagineError) {
    let images = try contents("image") + contents("images")
    guard !images.isEmpty else { return }
    fields["input_references"] = .list(
      images.map { bytes in
        ["type": "image_url", "image_url": ["url": .text(MultipartBody.dataURL(of: bytes))]]
      })
  }

  private func contents(_ field: String) throws(ImagineError) -> [[UInt8]] {
    var contents: [[UInt8]] = []
    for image in context.images(field, of: request) {
      contents.append(try image.content(from: context.store, field: field))
    }
    return contents
  }

  /// The server of stable-diffusion.cpp reads these from the prompt, the first of several.
  private mutating func moveSampling() {
    var arguments: [String: Value] = [:]
    var sampling: [String: Value] = [:]
    arguments["seed"] = fields.removeValue(forKey: "seed")
    arguments["negative_prompt"] = fields.removeValue(forKey: "negative_prompt")
    sampling["sample_steps"] = fields.removeValue(forKey: "num_inference_steps")
    if let scale = fields.removeValue(forKey: "guidance_scale") {
      sampling["guidance"] = ["txt_cfg": scale]
    }
    if !sampling.isEmpty { arguments["sample_params"] = .table(sampling) }
    guard !arguments.isEmpty else { return }
    let tag = "sd_cpp_extra_args"
    // The server finds the end by this text, which a string in JSON may write in another way.
    let json = Value.table(arguments).json.replacing("</", with: "<\\/")
    fields["prompt"] = .text("<\(tag)>\(json)</\(tag)>\(fields["prompt"]?.text ?? "")")
  }

  // MARK: Videos

  private mutating func makeVideo() throws(ImagineError) {
    isForm = service.dialect == .vllm
    if let seconds = fields["seconds"]?.integer { fields["seconds"] = .text(String(seconds)) }
    if let ratio = request.aspectRatio {
      guard fields["size"] == nil else {
        throw ImagineError(
          .validation, "size and aspect_ratio contradict each other: give only one",
          field: "aspect_ratio")
      }
      fields["size"] = .text(ratio.videoSizeElsewhere.description)
    }
    for image in try contents("image") { files.append(("input_reference", image)) }
  }
}

extension AspectRatio {
  /// The size of a video at services of this kind.
  fileprivate var videoSizeElsewhere: PixelSize {
    switch self {
    case .square: PixelSize(width: 720, height: 720)
    default: pixelSize
    }
  }
}
