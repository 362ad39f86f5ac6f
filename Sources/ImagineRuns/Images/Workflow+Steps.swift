public import ImagineAPI
import MediaFiles

/// Steps over the pixels of images. They are no calls: they cost nothing, no budget counts them and
/// the journal has no entry for them, so a resumed run does them again.
extension Workflow {
  /// Checks a step, and computes the size of its result. Files are read on the caller's thread.
  ///
  /// - Parameters:
  ///   - fields: by the names of scripts.
  ///   - images: files by field; that whose method is called is ``PictureOperation/base``.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public func step(
    _ operation: PictureOperation, _ fields: [String: Value] = [:],
    images: [String: [ImageInput]] = [:]
  ) throws -> PictureStep {
    var staged: [String: [ImageInput]] = [:]
    for (field, inputs) in images {
      do {
        staged[field] = try inputs.map { .asset(try assets.stage($0)) }
      } catch var error as ImagineError where error.kind == .validation {
        error.field = field
        throw error
      }
    }
    return try PictureStep(operation, fields, images: staged) {
      (input, field, medium) throws(ImagineError) in
      guard case .asset(let asset) = input else { return nil }
      // Known since the file was taken over.
      if medium == .image, let header = asset.header { return .init(size: header.size) }
      return try medium.facts(of: source(of: asset), in: field)
    }
  }

  /// Makes a film, and takes a picture of it as its thumbnail.
  ///
  /// - Throws: ``ImagineError``.
  public func film(_ step: PictureStep) async throws -> Video {
    let output = try await converter.perform(step, into: assets)
    guard let header = try videoHeader(of: output.asset) else {
      throw ImagineError(.badResponse, "\(step.operation.name): the answer is no video")
    }
    let derivation = derivation(step.description(images: Self.identity), engine: output.engine)
    let asset = output.asset.derived(by: derivation)
    let middle = Value.number((header.duration / 2 * 1000).rounded() / 1000)
    let thumbnail = try self.step(
      .frame, ["seconds": middle], images: [PictureOperation.base: [.asset(asset)]])
    return Video(
      asset: asset, header: header, job: nil, provider: nil,
      thumbnail: try await perform(thumbnail), cost: nil, metadata: nil, workflow: self)
  }

  private static func identity(of input: ImageInput) -> String {
    if case .asset(let asset) = input { asset.identity } else { "" }
  }

  /// Does a step.
  ///
  /// - Parameter base: whose prompt, seed and provider the result keeps.
  /// - Throws: ``ImagineError``.
  public func perform(_ step: PictureStep, on base: Image? = nil) async throws -> Image {
    let output = try await converter.perform(step, into: assets)
    guard let header = output.asset.header else {
      throw ImagineError(.badResponse, "\(step.operation.name): the answer is no image")
    }
    let description = step.description(images: Self.identity)
    var metadata = base?.metadata
    metadata?.size = header.size
    return Image(
      asset: output.asset.derived(by: derivation(description, engine: output.engine)),
      header: header, metadata: metadata, cost: nil, workflow: self)
  }

  /// The numbers of a step that returns some, such as `measure`.
  ///
  /// - Throws: ``ImagineError``.
  public func numbers(of step: PictureStep) async throws -> [String: Double] {
    let output = try await converter.perform(step, into: assets)
    let answer = try Value(
      json: assets.content(of: output.asset), name: "the answer to \(step.operation.name)")
    let numbers = answer.table?.compactMapValues(\.double) ?? [:]
    guard step.operation.numbers.allSatisfy({ numbers[$0] != nil }) else {
      throw ImagineError(.badResponse, "\(step.operation.name): the answer has not all numbers")
    }
    return numbers
  }

  /// - Parameter description: its images are named by ``Asset/identity``.
  func derivation(_ description: RequestDescription, engine: String? = nil) -> Derivation {
    Derivation(
      recipe: assets.sha256(of: Array(description.canonicalText().utf8)), engine: engine)
  }
}

extension Image {
  /// Does a step over the image's pixels, such as `crop`; costs nothing.
  ///
  /// ```swift
  /// let square = try await photo.step("crop", ["aspect_ratio": "1:1", "gravity": "attention"])
  /// ```
  ///
  /// - Parameters:
  ///   - fields: by the names of scripts.
  ///   - images: other images, by field.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public func step(
    _ name: String, _ fields: [String: Value] = [:], images: [String: Image] = [:]
  ) async throws -> Image {
    try await workflow.perform(
      prepared(name, fields, images, from: PictureOperation.all.filter(\.numbers.isEmpty)),
      on: self)
  }

  /// Measures the image, or its difference from another.
  ///
  /// - Parameter name: `measure` or `difference`.
  /// - Returns: numbers from 0 to 1, by name.
  public func numbers(
    _ name: String, images: [String: Image] = [:]
  ) async throws -> [String: Double] {
    try await workflow.numbers(
      of: prepared(name, [:], images, from: PictureOperation.all.filter { !$0.numbers.isEmpty }))
  }

  private func prepared(
    _ name: String, _ fields: [String: Value], _ images: [String: Image],
    from operations: [PictureOperation]
  ) throws -> PictureStep {
    let methods = operations.filter { $0.owner == .image }
    guard let operation = methods.first(where: { $0.name == name }) else {
      let names = methods.map(\.name)
      throw ImagineError.invalid(
        field: "step", given: Value.text(name).quoted,
        expected: "one of: \(names.joined(separator: ", "))", allowed: names)
    }
    var inputs = images.mapValues { [$0.input] }
    inputs[PictureOperation.base] = [input]
    return try workflow.step(operation, fields, images: inputs)
  }
}

extension Video {
  /// Takes a picture out of the video; costs nothing.
  ///
  /// - Parameter seconds: the time in the video; its duration gives the last picture.
  /// - Throws: ``ImagineError`` of kind `validation` for a time beyond the end.
  public func frame(at seconds: Double) async throws -> Image {
    let step = try workflow.step(
      .frame, ["seconds": .number(seconds)], images: [PictureOperation.base: [.asset(asset)]])
    return try await workflow.perform(step)
  }
}
