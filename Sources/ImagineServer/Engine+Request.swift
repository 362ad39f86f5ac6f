import ImagineCore

/// From checked requests to the engine's functions.
extension Engine {
  /// Does a request whose operation answers with a picture.
  ///
  /// - Throws: what the engine throws; ``Failure`` 1206 for an operation that it has no function
  ///   for.
  func draw(_ request: Request, _ control: EngineControl) throws -> [UInt8] {
    let prompt = request.prompt ?? ""
    let shape = request.aspectRatio
    let seed = request.seed ?? 1
    switch request.operation.name {
    case Operation.generate.name:
      return try paint(
        prompt: prompt, style: request.style.flatMap(ImageStyle.init(rawValue:)) ?? .standard,
        aspectRatio: shape ?? .square, seed: seed, control: control)
    case Operation.png.name:
      return try png(
        prompt: prompt, aspectRatio: shape ?? .square, seed: seed, control: control)
    case Operation.removeBackground.name:
      return try removeBackground(request.bytes("image"), control: control)
    case Operation.upscale.name:
      return try upscale(request.bytes("image"), control: control)
    case Operation.fill.name:
      return try fill(
        prompt: prompt, image: request.bytes("image"), mask: request.bytes("mask"),
        control: control)
    case Operation.retouch.name:
      return try retouch(
        request.bytes("image"), mask: request.bytes("mask"), control: control)
    case Operation.resize.name:
      return try resize(
        request.bytes("image"), to: shape, prompt: request.prompt,
        mask: request["mask"] == nil ? nil : request.bytes("mask"), control: control)
    case Operation.addBackground.name:
      return try addBackground(
        prompt: prompt, image: request.bytes("image"), seed: seed, control: control)
    default:
      throw Failure.notOffered(request.operation.title)
    }
  }

  /// Does a job's work; when it returns, the film outlives a power cut.
  ///
  /// - Parameter input: path of the job's input picture, where its operation takes one.
  func film(
    _ work: StoredJob.Work, input: String?, into folder: String, _ control: FilmControl
  ) throws {
    let film: Film
    if let input {
      guard let image = try SmallFile.read(input) else {
        throw EngineError.unusable(field: "file", reason: "the server has lost the picture")
      }
      film = try animate(
        prompt: work.prompt, image: image, style: work.style, aspectRatio: work.aspectRatio,
        seed: work.seed, into: folder, control: control.engine)
    } else {
      film = try self.film(
        prompt: work.prompt, style: work.style, aspectRatio: work.aspectRatio ?? .sixteenToNine,
        seed: work.seed, into: folder, control: control.engine)
    }
    try Folder.keep(film.video, as: MediaLinks.File.video.rawValue, in: folder)
    try Folder.keep(film.thumbnail, as: MediaLinks.File.thumbnail.rawValue, in: folder)
    try Folder.sync(folder)
  }
}

extension Request {
  /// A picture that the check has found to be there.
  fileprivate func bytes(_ field: String) throws -> [UInt8] {
    guard case .bytes(let bytes)? = self[field]?.picture else {
      throw Failure.invalid("field '\(field)' is missing", field: field)
    }
    return bytes
  }
}
