/// An operation of the service: its endpoint, its fields and the kind of its answer.
///
/// Each operation is described once, in `MediaOperation+Catalogue.swift`. The script's check, the
/// client's request, the server's check, the help, the editor types and the reference page read that
/// description.
public struct MediaOperation: Sendable {
  /// The kind of the answer.
  public enum Answer: Sendable {
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
  public let path: String
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
  public func with(fields: [Field]) -> MediaOperation {
    var copy = self
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

  /// Whether the operation takes a seed.
  public var takesSeed: Bool { field("seed") != nil }
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
  ///   - options: further allowed names, listed in the error about an unknown one.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public func request(
    from arguments: [String: FieldArgument], source: ArgumentSource, options: [String] = []
  ) throws(ImagineError) -> Request {
    if source == .script {
      let names = fields.map(\.name) + options
      for name in arguments.keys.sorted() where field(name) == nil {
        throw .unknown(field: name, of: self.name, allowed: names)
      }
    }
    var values: [String: FieldValue] = [:]
    for field in fields {
      let given =
        switch source {
        case .script: arguments[field.name]
        case .wire:
          ([field.wireName] + field.wireAliases).lazy.compactMap { arguments[$0] }.first
        }
      if let given {
        values[field.name] = try field.value(of: given)
      } else if source == .script, let standard = field.hostDefault {
        values[field.name] = try field.value(of: .text(standard))
      } else {
        switch field.presence {
        case .required:
          throw .missing(
            field: source == .wire ? field.wireName : field.name, of: self.name,
            expected: field.expectation, allowed: field.allowedNames)
        case .optional: break
        case .defaulted(let standard): values[field.name] = try field.value(of: .text(standard))
        }
      }
    }
    return Request(operation: self, values: values)
  }
}

/// A checked call: an operation and the values of its fields.
public struct Request: Sendable {
  public let operation: MediaOperation
  /// By script field names.
  public private(set) var values: [String: FieldValue]
  /// Further fields, passed to the provider unchecked.
  public var extra: [String: RequestDescription.Scalar] = [:]

  init(operation: MediaOperation, values: [String: FieldValue]) {
    self.operation = operation
    self.values = values
  }

  public subscript(_ field: String) -> FieldValue? { values[field] }

  public var prompt: String? { values["prompt"]?.text }
  public var style: String? { values["style"]?.text }
  public var aspectRatio: AspectRatio? {
    values["aspect_ratio"]?.text.flatMap(AspectRatio.init(rawValue:))
  }
  public var seed: Int64? { values["seed"]?.integer }

  /// The input images, by field name.
  public var images: [String: ImageInput] { values.compactMapValues(\.image) }

  /// The same request with other input images.
  public func with(images: [String: ImageInput]) -> Request {
    var copy = self
    for (name, image) in images { copy.values[name] = .image(image) }
    return copy
  }

  /// The same request with a seed, if its operation takes one.
  public func with(seed: Int64) -> Request {
    guard operation.takesSeed else { return self }
    var copy = self
    copy.values["seed"] = .integer(seed)
    return copy
  }
}
