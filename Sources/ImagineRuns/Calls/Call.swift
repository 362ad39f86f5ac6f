public import ImagineAPI

/// A call as its caller writes it. ``Workflow/prepare(_:)`` checks it.
///
/// ```swift
/// var call = Call("generate", ["prompt": "a red boat", "seed": 7])
/// call.count = 4
/// let images = try await workflow.images(call)
/// ```
public struct Call: Sendable {
  /// The operation's name in scripts, such as `generate`.
  public var operation: String
  /// The fields of the operation, by their names in scripts.
  public var fields: [String: Value]
  /// The input images, by field name; a field with one image has a list of one.
  public var images: [String: [ImageInput]]
  /// Further fields, passed to the provider unchecked.
  public var extra: [String: Value] = [:]
  /// How many images, as ``CallField/count`` allows; nil for one.
  public var count: Int?
  /// Nil for the workflow's default provider.
  public var provider: (any Provider)?
  /// Nil for the workflow's defaults.
  public var options: CallOptions?
  /// Whether an equal call of an earlier run may answer; nil for the workflow's default.
  public var usesCache: Bool?
  /// Whether the original is put back outside the mask of an edit, at a provider that may change it
  /// there; nil for yes.
  public var composites: Bool?
  /// The part of the program whose budget it counts against, besides the run's.
  public var scope: BudgetScope?

  public init(
    _ operation: String, _ fields: [String: Value] = [:], images: [String: [ImageInput]] = [:],
    provider: (any Provider)? = nil, in scope: BudgetScope? = nil
  ) {
    self.operation = operation
    self.fields = fields
    self.images = images
    self.provider = provider
    self.scope = scope
  }
}

extension Call {
  /// The names of the options that a script may give beside the fields of an operation.
  package static func options(of operation: MediaOperation) -> [String] {
    CallField.all(for: operation).map(\.name)
  }

  /// Checks the call against the provider's own description of the operation.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  func request(at profile: ProviderProfile) throws(ImagineError) -> Request {
    let operation = try profile.operation(operation)
    try check(for: operation, at: profile)
    var request = try operation.request(
      from: fields, images: images, source: .script, options: Self.options(of: operation))
    request.extra = extra
    return request
  }

  /// - Throws: ``ImagineError`` for a field that only other providers take, for a count of a job, and
  ///   for a field of `extra` that repeats a field of the call. `extra` is sent unchecked, so an `n`
  ///   in it would not be counted.
  private func check(
    for operation: MediaOperation, at profile: ProviderProfile
  ) throws(ImagineError) {
    if let count {
      guard operation.answer == .image else {
        throw .unknown(
          field: CallField.count.name, of: operation.name,
          allowed: operation.fields.map(\.name) + Self.options(of: operation))
      }
      _ = try CallField.count.value(of: .integer(Int64(count)))
    }
    if composites != nil, !operation.editsInsideMask {
      throw .unknown(
        field: CallField.composite.name, of: operation.name,
        allowed: operation.fields.map(\.name) + Self.options(of: operation))
    }
    let twice = extra.keys.sorted().first { name in
      name == CallField.count.name
        || operation.fields.contains { $0.name == name || $0.wireName == name }
    }
    if let name = twice {
      throw .invalid(
        field: "extra.\(name)", given: "a field of the call itself",
        expected: "only fields unknown to Imagine")
    }
    for name in Set(fields.keys).union(images.keys).sorted() {
      if let error = ImagineError.unsupportedField(
        field: name, of: operation, by: profile.name)
      {
        throw error
      }
    }
  }
}
