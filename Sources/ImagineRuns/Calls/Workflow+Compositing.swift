import ImagineAPI

/// Puts the original back outside the mask of an edit, at a provider that may change it there too.
///
/// Models treat a mask as guidance. So the answer is stored as it was paid for, and then the image
/// that the script gets is made of it and of the script's own image.
extension Workflow {
  /// Checks before a call is sent that its image can be put back: that the answer can have its shape,
  /// that image and mask can be read, and that there is a program that does it.
  ///
  /// - Parameter request: what is sent; its mask may be another than the script's.
  /// - Returns: image and mask as PNGs if their files are not upright: some services ignore that,
  ///   and then image and mask do not fit each other.
  /// - Throws: ``ImagineError``; nothing has been sent.
  func uprightInputs(
    of call: PreparedCall, as request: Request
  ) async throws -> [String: [ImageInput]] {
    guard call.composites == true, let (image, mask) = call.maskedImage else { return [:] }
    if let size = image.header?.size { try call.request.checkShape(for: size) }
    let isUpright = image.header?.isUpright ?? true
    var inputs: [String: [ImageInput]] = [:]
    do {
      // An image that is put back into itself is that image, read and written.
      let whole = try await converter.composite(
        MaskedEdit(image: image, mask: mask, edited: image, measuresOnly: isUpright), into: assets)
      if let upright = whole.asset { inputs["image"] = [.asset(upright)] }
      if case .asset(let sent)? = request.image("mask"), sent.header?.isUpright == false {
        let upright = try await converter.convert(
          sent, to: Conversion(format: .png), into: assets)
        inputs["mask"] = [.asset(upright)]
      }
    } catch var error as ImagineError {
      error.message += "; \(Self.advice)"
      throw error
    }
    return inputs
  }

  fileprivate static let advice = "composite = false takes the answer as it is"

  /// The answers with the original outside the mask: those that the journal has, and new ones in
  /// place of those that it lacks. Where none is asked for, the drift is measured.
  ///
  /// - Parameter paid: the answers.
  /// - Returns: of each answer its composite, nil if there is none; and why some could not be made.
  func composites(
    of paid: [StoredImage], _ entry: CallEntry, for call: PreparedCall
  ) async throws -> (images: [StoredImage?], fault: ImagineError?) {
    var images: [StoredImage?] = paid.map { _ in nil }
    guard let composites = call.composites, let (image, mask) = call.maskedImage else {
      return (images, nil)
    }
    let record = entry.record
    var results = record.results
    var fault: ImagineError?
    for (index, result) in results.enumerated() {
      let edit = MaskedEdit(
        image: image, mask: mask, edited: paid[index].asset, measuresOnly: !composites)
      if composites {
        images[index] = try result.original == nil ? nil : storedImage(result.image)
        guard images[index] == nil else { continue }
        do {
          try checkInputs(of: call.request)
          (results[index], images[index]) = try await composited(result, edit, call.operation)
        } catch var error as ImagineError {
          error.charged = record.charged
          error.retryable = false
          fault = fault ?? error
        }
      } else if result.drift == nil, record.state != .done {
        // The answer is what was asked for, whether or not its drift can be told. A script that has
        // had its result gets the same one again.
        results[index].drift = try? await converter.composite(edit, into: assets).drift
      }
    }
    try await entry.recordResults(results)
    return (images, fault)
  }

  private func composited(
    _ result: StoredResult, _ edit: MaskedEdit, _ operation: MediaOperation
  ) async throws -> (StoredResult, StoredImage) {
    if let size = edit.image.header?.size, let answer = edit.edited.header?.size,
      !answer.hasShape(of: size)
    {
      throw ImagineError(
        .badResponse,
        "\(operation.endpoint): the answer has \(answer) pixels and the image \(size), another shape,"
          + " so the image cannot be put back outside the mask; \(Self.advice)",
        endpoint: operation.endpoint)
    }
    let composite = try await converter.composite(edit, into: assets)
    guard let asset = composite.asset, let header = asset.header else {
      throw ImagineError(.badResponse, "the composite has no image")
    }
    var made = result
    (made.sha256, made.byteCount) = (asset.sha256, asset.byteCount)
    made.original = result.paid
    made.drift = composite.drift
    return (made, StoredImage(asset: asset, header: header))
  }
}

extension PreparedCall {
  /// The image of an edit inside a mask, and the mask; the user's own.
  fileprivate var maskedImage: (image: Asset, mask: Asset)? {
    guard case .asset(let image)? = request.image("image"),
      case .asset(let mask)? = request.image("mask")
    else { return nil }
    return (image, mask)
  }
}

extension Request {
  /// - Throws: ``ImagineError`` of kind `validation` if the answer will have another shape than the
  ///   image: by the size that the call asks for, or by those that the model makes.
  fileprivate func checkShape(for image: PixelSize) throws(ImagineError) {
    guard operation.field("size") != nil else { return }
    if let text = try requestedSize() {
      guard let size = PixelSize(text), !size.hasShape(of: image) else { return }
      throw .invalid(
        field: fields["size"] == nil ? "aspect_ratio" : "size", given: "\(size) pixels",
        expected: "a size of the image's shape, \(image), which keeps the image outside the mask; "
          + Workflow.advice)
    }
    guard sizes != .unknown, sizes.nearest(inShapeOf: image) == nil else { return }
    throw .invalid(
      field: "image", given: "an image of \(image) pixels",
      expected:
        "the shape of a size of the model (\(sizes.expectation)), so that the image can be put"
        + " back outside the mask; \(Workflow.advice)")
  }
}
