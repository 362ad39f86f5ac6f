public import ImagineAPI
import MediaFiles

/// Steps over the pixels of images. They are no calls: they cost nothing, no budget counts them and
/// the journal has no entry for them, so a resumed run does them again.
extension Workflow {
  /// Checks a step, and computes the size of its result. Files are read on the caller's thread.
  ///
  /// - Parameters:
  ///   - fields: by the names of scripts.
  ///   - images: by field; the image whose method is called is ``PictureOperation/base``.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public func step(
    _ operation: PictureOperation, _ fields: [String: Value] = [:],
    images: [String: [ImageInput]] = [:]
  ) throws -> PictureStep {
    let staged = try images.mapValues { try $0.map { ImageInput.asset(try assets.stage($0)) } }
    return try PictureStep(operation, fields, images: staged) {
      (input, field) throws(ImagineError) in
      guard case .asset(let asset) = input, let header = asset.header else {
        throw .invalid(
          field: field, given: "a file that is not an image", expected: ImageHeader.expectation)
      }
      return header.size
    }
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
    let description = step.description { input in
      if case .asset(let asset) = input { asset.identity } else { "" }
    }
    var metadata = base?.metadata
    metadata?.size = header.size
    return Image(
      asset: output.asset.derived(by: derivation(description, engine: output.engine)),
      header: header, metadata: metadata, cost: nil, workflow: self)
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
    guard let operation = PictureOperation.named(name), operation.isMethod else {
      let names = PictureOperation.all.filter(\.isMethod).map(\.name)
      throw ImagineError.invalid(
        field: "step", given: Value.text(name).quoted,
        expected: "one of: \(names.joined(separator: ", "))", allowed: names)
    }
    var inputs = images.mapValues { [$0.input] }
    inputs[PictureOperation.base] = [input]
    let step = try workflow.step(operation, fields, images: inputs)
    return try await workflow.perform(step, on: self)
  }
}
