/// An operation of the service: its endpoint, its fields and the kind of its answer.
///
/// Each operation is described once, in `MediaOperation+Catalogue.swift`. The script's check, the
/// client's request, the server's check, the help, the editor types and the reference page read that
/// description.
public struct MediaOperation: Sendable, Hashable, Codable {
  /// The kind of the answer.
  public enum Answer: String, Sendable, Hashable, Codable {
    /// An encoded image in the body.
    case image
    /// A job: its id now, its video minutes later.
    case job
  }

  /// The name in scripts: `imagine.<name>`.
  public let name: String
  /// The vendor's name.
  public let title: String
  /// Path after the base URL; the method is always POST.
  public private(set) var path: String
  public private(set) var fields: [Field]
  public let answer: Answer
  /// One line of help.
  public let summary: String
  /// What the answer is like, in words that follow "an Image" or "a Job".
  public let output: String
  /// A script that shows the call; the tests run it. Empty if there is none.
  public let example: String
  /// Names of operations and other topics of the help.
  public let seeAlso: [String]

  public init(
    _ name: String, title: String, path: String, answer: Answer, summary: String,
    output: String = "", fields: [Field], example: String = "", seeAlso: [String] = []
  ) {
    self.name = name
    self.title = title
    self.path = path
    self.answer = answer
    self.summary = summary
    self.output = output
    self.example = example
    self.seeAlso = seeAlso
    self.fields = fields
  }

  /// The same operation with other fields, such as those of one service.
  ///
  /// - Parameter path: nil keeps the path.
  public func with(path: String? = nil, fields: [Field]) -> MediaOperation {
    var copy = self
    copy.path = path ?? self.path
    copy.fields = fields
    return copy
  }

  /// What the call returns, in words.
  public var result: String {
    let type = answer == .job ? "a Job" : "an Image"
    return output.isEmpty ? type : "\(type) \(output)"
  }

  /// Method and path, for errors.
  public var endpoint: String { "POST \(path)" }

  /// The field with a script's name for it.
  public func field(_ name: String) -> Field? {
    fields.first { $0.name == name }
  }

  /// Whether the operation edits an image inside a mask and keeps the rest: `fill` and `retouch`.
  public var editsInsideMask: Bool {
    [MediaOperation.fill.name, MediaOperation.retouch.name].contains(name)
      && field("image") != nil && field("mask") != nil
  }

  /// Whether the operation takes a seed.
  public var takesSeed: Bool { field("seed") != nil }

  /// The seed of one of the images of a call: so many after the first image's. After the last seed
  /// that the operation takes comes its first one.
  public func seed(_ first: Int64, plus index: Int) -> Int64 {
    let range = if case .integer(let range)? = field("seed")?.kind { range } else { 1...Int64.max }
    let (next, isTooLarge) = first.addingReportingOverflow(Int64(index))
    guard isTooLarge || next > range.upperBound else { return next }
    // Not more than the index, so it cannot be too large.
    let before = max(0, range.upperBound - first)
    return range.lowerBound + max(0, Int64(index) - before - 1)
  }
}

extension MediaOperation {
  /// Source of the arguments; selects the defaults and how unknown fields are treated.
  public enum ArgumentSource: Sendable {
    /// A script: the host's defaults apply; unknown fields are errors.
    case script
    /// A request's body: required fields must be present; unknown fields are ignored.
    case wire
  }

  /// Checks arguments and makes a request from them.
  ///
  /// - Parameters:
  ///   - arguments: by the source's field names: those of scripts, or those of the wire.
  ///   - images: by the same names.
  ///   - options: further allowed names, listed in the error about an unknown one.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public func request(
    from arguments: [String: Value], images: [String: [ImageInput]] = [:], source: ArgumentSource,
    options: [String] = []
  ) throws(ImagineError) -> Request {
    if source == .script {
      let names = fields.map(\.name) + options
      let given = Set(arguments.keys).union(images.keys)
      for name in given.sorted() where field(name) == nil {
        throw .unknown(field: name, of: self.name, allowed: names)
      }
    }
    var values: [String: Value] = [:]
    var inputs: [String: [ImageInput]] = [:]
    for field in fields {
      let names = source == .script ? [field.name] : [field.wireName] + field.wireAliases
      let files = names.lazy.compactMap({ images[$0] }).first
      if let files {
        try field.check(files)
        inputs[field.name] = files
      }
      if files != nil, !field.hasEntries {
        continue
      } else if let given = names.lazy.compactMap({ arguments[$0] }).first {
        values[field.name] = try field.value(of: given)
      } else if source == .script, let standard = field.hostDefault {
        values[field.name] = try field.value(of: .text(standard))
      } else {
        switch field.presence {
        case .required:
          throw .missing(
            field: names[0], of: name, expected: field.expectation, allowed: field.allowedNames)
        case .optional: break
        case .defaulted(let standard): values[field.name] = try field.value(of: .text(standard))
        }
      }
    }
    let request = Request(operation: self, fields: values, images: inputs)
    if source == .script { try request.check() }
    return request
  }
}

/// A checked call: an operation and the values of its fields.
public struct Request: Sendable {
  public let operation: MediaOperation
  /// The values of fields other than images, by script field names.
  public private(set) var fields: [String: Value]
  /// The input images, in order, by script field names.
  public private(set) var images: [String: [ImageInput]]
  /// How many images are asked for; 1 for a provider that takes no count.
  public var count = 1
  /// Further fields, passed to the provider unchecked.
  public var extra: [String: Value] = [:]

  init(operation: MediaOperation, fields: [String: Value], images: [String: [ImageInput]]) {
    self.operation = operation
    self.fields = fields
    self.images = images
  }

  public subscript(_ field: String) -> Value? { fields[field] }

  /// Whether it has a value or images for a field.
  public func has(_ field: String) -> Bool { fields[field] != nil || images[field] != nil }

  /// The image of a field that takes one.
  public func image(_ field: String) -> ImageInput? { images[field]?.first }

  public var prompt: String? { fields["prompt"]?.text }
  public var style: String? { fields["style"]?.text }
  public var aspectRatio: AspectRatio? {
    fields["aspect_ratio"]?.text.flatMap(AspectRatio.init(rawValue:))
  }
  public var seed: Int64? { fields["seed"]?.integer }

  /// Checks what several fields say together.
  fileprivate func check() throws(ImagineError) {
    if operation.answer == .image, operation.field("size") != nil { _ = try requestedSize() }
    try checkTransparency()
    if fields["aspect_ratio"] != nil, fields["width"] != nil || fields["height"] != nil {
      throw ImagineError(
        .validation, "width or height and aspect_ratio contradict each other: give only one",
        field: "aspect_ratio")
    }
    let count = ["image", "images"].reduce(0) { $0 + (images[$1]?.count ?? 0) }
    if images["images"] != nil, let most = operation.field("images")?.maxImages, count > most {
      throw .invalid(
        field: "images", given: "\(count) images, with `image`", expected: "at most \(most)")
    }
  }

  /// - Throws: ``ImagineError`` of kind `validation` for a transparent background in a format without
  ///   transparency.
  public func checkTransparency() throws(ImagineError) {
    guard wantsTransparency, fields["output_format"]?.text == "jpeg" else { return }
    throw .invalid(
      field: "output_format", given: "\"jpeg\" with a transparent background",
      expected: "one of: png, webp", allowed: ["png", "webp"])
  }

  /// The size of the answer, if the call fixes it: by both sides, or by the image that it edits.
  public var fixedSize: PixelSize? {
    if let width = fields["width"]?.integer, let height = fields["height"]?.integer {
      return PixelSize(width: Int(width), height: Int(height))
    }
    let keeping = [MediaOperation.fill, .retouch, .addBackground, .removeBackground]
    guard keeping.contains(where: { $0.name == operation.name }),
      case .asset(let asset)? = image("image")
    else { return nil }
    return asset.header?.size
  }

  /// The same request with other input images.
  public func with(images: [String: [ImageInput]]) -> Request {
    var copy = self
    copy.images.merge(images) { $1 }
    return copy
  }

  /// The same request with a seed, if its operation takes one.
  public func with(seed: Int64) -> Request {
    guard operation.takesSeed else { return self }
    var copy = self
    copy.fields["seed"] = .integer(seed)
    return copy
  }
}
