/// One thing that the service does: its endpoint, its fields, what it answers.
///
/// Each operation is described once, in `Operation+Catalogue.swift`; the check of a script's
/// arguments, the client's request, the server's check and the help all read that description.
public struct Operation: Sendable {
  /// What a call gives.
  public enum Answer: Sendable {
    /// An encoded picture in the body.
    case picture
    /// A job: its id at once, its video minutes later.
    case job
  }

  /// The name in scripts, `imagine.<name>`.
  public let name: String
  /// The vendor's name for it.
  public let title: String
  /// Path below the base URL; the method is always POST.
  public let path: String
  public let fields: [Field]
  public let answer: Answer
  /// Help, in a line.
  public let summary: String

  public init(
    _ name: String, title: String, path: String, answer: Answer, summary: String, fields: [Field]
  ) {
    self.name = name
    self.title = title
    self.path = path
    self.answer = answer
    self.summary = summary
    self.fields = fields
  }

  /// Method and path, as errors name it.
  public var endpoint: String { "POST \(path)" }

  /// The field with a name, as scripts write it.
  public func field(_ name: String) -> Field? {
    fields.first { $0.name == name }
  }

  /// Whether the operation takes a seed.
  public var takesSeed: Bool { field("seed") != nil }
}

extension Operation {
  /// Who gives the arguments of a call, which decides what may be left out or added.
  public enum Caller: Sendable {
    /// A script: the host's defaults apply, and an unknown field is an error.
    case script
    /// The wire: what the wire requires must be there, and an unknown field is ignored.
    case wire
  }

  /// The request that a set of arguments makes.
  ///
  /// - Parameters:
  ///   - arguments: by the names that the caller uses: a script's names, or the wire's.
  ///   - options: further names that the caller knows, for the message about one that nobody does.
  /// - Throws: ``ImagineError`` of kind `validation`, naming the field.
  public func request(
    from arguments: [String: Argument], by caller: Caller, options: [String] = []
  ) throws(ImagineError) -> Request {
    if caller == .script {
      let names = fields.map(\.name) + options
      for name in arguments.keys.sorted() where field(name) == nil {
        throw .unknown(field: name, of: self.name, allowed: names)
      }
    }
    var values: [String: FieldValue] = [:]
    for field in fields {
      let given =
        switch caller {
        case .script: arguments[field.name]
        case .wire:
          ([field.wireName] + field.wireAliases).lazy.compactMap { arguments[$0] }.first
        }
      if let given {
        values[field.name] = try field.value(of: given)
      } else if caller == .script, let standard = field.hostDefault {
        values[field.name] = try field.value(of: .text(standard))
      } else {
        switch field.presence {
        case .required:
          throw .missing(
            field: caller == .wire ? field.wireName : field.name, of: self.name,
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
  public let operation: Operation
  /// By the fields' names in scripts.
  public private(set) var values: [String: FieldValue]
  /// Fields that we do not know, passed to the provider unchecked.
  public var extra: [String: RequestDescription.Scalar] = [:]

  init(operation: Operation, values: [String: FieldValue]) {
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

  /// The input pictures, by the names of their fields.
  public var pictures: [String: Picture] { values.compactMapValues(\.picture) }

  /// The same request with other input pictures.
  public func with(pictures: [String: Picture]) -> Request {
    var copy = self
    for (name, picture) in pictures { copy.values[name] = .picture(picture) }
    return copy
  }

  /// The same request with a seed, where its operation takes one.
  public func with(seed: Int64) -> Request {
    guard operation.takesSeed else { return self }
    var copy = self
    copy.values["seed"] = .integer(seed)
    return copy
  }
}
