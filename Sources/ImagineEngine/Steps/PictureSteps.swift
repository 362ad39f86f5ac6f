public import ImagineAPI

extension BuiltInEngine {
  public func perform(
    _ step: PictureStep, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    try Codec.encode(StepImages(step, control).result(), as: .png, control: control)
  }
}

/// A step with its images, decoded when they are needed.
struct StepImages {
  let step: PictureStep
  let control: EngineControl

  init(_ step: PictureStep, _ control: EngineControl) {
    self.step = step
    self.control = control
  }

  /// The image whose method was called. Scripts know no name for it but `image`.
  func base() throws -> Bitmap { try image(PictureOperation.base, as: "image") }

  func image(_ field: String, _ index: Int = 0, as name: String? = nil) throws -> Bitmap {
    try decoded(field, index, as: name) { $0 }.picture
  }

  /// An image that will be scaled to `target`, and its own size.
  func decoded(
    _ field: String, _ index: Int, as name: String? = nil,
    scaledTo target: (PixelSize) throws -> PixelSize
  ) throws -> (picture: Bitmap, size: PixelSize) {
    let decoded = try Codec.decode(
      bytes(field, index, as: name ?? field), field: name ?? field, control: control,
      scaledTo: target)
    // The step was checked against the size of the header, and pixels are addressed by it.
    guard let sizes = step.sizes[field], sizes.indices.contains(index), sizes[index] == decoded.size
    else {
      throw EngineError.unusable(
        field: name ?? field,
        reason: "its header names another size than the \(decoded.size) pixels that it has")
    }
    return decoded
  }

  private func bytes(_ field: String, _ index: Int, as name: String) throws -> [UInt8] {
    let inputs = step.request.images[field] ?? []
    switch inputs.indices.contains(index) ? inputs[index] : nil {
    case .bytes(let bytes): return bytes
    case .file(let path):
      return try FileContent.image(path, field: name)
    default: throw EngineError.unusable(field: name, reason: "it is missing")
    }
  }

  func result() throws -> Bitmap {
    switch step.action {
    case .crop(let part):
      return try base().cropped(
        left: part.x, top: part.y, width: part.size.width, height: part.size.height)
    case .cropToSubject: return try base().croppedToSubject(step.size, control)
    case .pad(let margins, let background):
      return try base().onto(background, at: margins, control)
    case .trim(let margin, let threshold):
      return try base().trimmed(margin: margin, threshold: threshold)
    case .rotate(let degrees, let background):
      return try base().turned(degrees, to: step.size, background, control)
    case .flip(let isVertical): return try base().flipped(isVertical: isVertical)
    case .adjust(let adjustment): return try base().adjusted(adjustment, control)
    case .paste(let placement):
      return try base().pasting(image("image"), placement, control)
    case .label(let label): return try base().labelled(label)
    case .canvas(let color): return try Painting(step.size, color).finished()
    case .sheet(let sheet): return try picture(of: sheet)
    case .alpha, .invert, .grow, .combine, .mask: return try mask().picture()
    case .frame(let seconds): return try frame(at: seconds)
    case .film: throw EngineError.failed("it has a video and no image")
    case .measure, .difference: throw EngineError.failed("it has numbers and no image")
    }
  }
}

extension Bitmap {
  /// Makes images on all cores.
  static func inParallel(
    _ indices: Range<Int>, _ make: @Sendable (Int) throws -> Bitmap
  ) -> [Result<Bitmap, any Error>] {
    let none = Result<Bitmap, any Error>.failure(
      EngineError.failed("internal error: an image was not made"))
    var images = [Result<Bitmap, any Error>](repeating: none, count: indices.count)
    images.withUnsafeMutableBufferPointer { buffer in
      // Each iteration writes its own element only.
      nonisolated(unsafe) let out = buffer
      EngineThreads.perform(indices.count) { index in
        out[index] = Result { try make(indices.lowerBound + index) }
      }
    }
    return images
  }
}
