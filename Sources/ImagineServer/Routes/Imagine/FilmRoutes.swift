import Hummingbird
import ImagineAPI
import ImagineSystem
import MediaFiles

/// Steps over videos and over many images, for the host. The files of a request lie on the disk, not
/// in memory.
extension ImagineService {
  var filmRoutes: [Route] {
    [Route(.post, "/x/film") { try await perform($0) }]
  }

  private func perform(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let folder = FilePath(try directory.makeFilmFolder())
    defer { folder.removeAll() }
    let upload = try await FileUpload(
      incoming.http, into: folder, limit: configuration.limits.filmBytes
    ) { description in
      if try Self.operation(in: description).takesVideos { try checkSupport(.video) }
    }
    let operation = try Self.operation(in: upload.description)
    let step = try PictureStep(
      operation, upload.description["fields"]?.table ?? [:], images: upload.inputs
    ) { (input, field, medium) throws(ImagineError) in
      guard case .file(let path) = input else { return nil }
      return try Self.facts(of: path, in: field, as: medium)
    }
    let memory = try engine.memory(for: step)
    let seconds = configuration.limits.videoSeconds
    guard operation.makesVideo else {
      return .image(
        try await run(incoming, bytes: memory, seconds: seconds) {
          try engine.perform(step, control: $0)
        })
    }
    let path = try await run(incoming, bytes: memory, seconds: seconds) {
      try engine.makeFilm(step, into: folder.description, control: $0)
    }
    // The folder is removed; the open file lasts until its last byte is sent.
    guard let film = try OpenFile(path) else {
      throw APIError(.internalError, "the film was not written")
    }
    return Response(
      status: .ok, headers: [.contentType: "video/mp4"], body: film.body(0...film.size - 1))
  }

  private static func operation(
    in description: [String: Value]
  ) throws(APIError) -> PictureOperation {
    guard let operation = description["operation"]?.text.flatMap(PictureOperation.named),
      operation.takesVideos || operation.name == PictureOperation.sheet.name
    else { throw .invalid("the step is no film, no frame of a video and no sheet") }
    return operation
  }

  private static func facts(
    of path: FilePath, in field: String, as medium: PictureStep.Medium
  ) throws(ImagineError) -> PictureStep.MediaFacts? {
    let reader = try FileReader(path)
    let source = MediaSource(byteCount: reader.byteCount ?? 0) {
      (offset, count) throws(ImagineError) in
      try reader.bytes(from: offset, count: count)
    }
    switch medium {
    case .image:
      if let header = ImageHeader(source) { return .init(size: header.size) }
    case .video:
      if let header = VideoHeader(source) {
        return .init(size: header.size, seconds: header.duration)
      }
    case .audio:
      if AudioFormat(source) != nil { return nil }
    }
    throw .invalid(
      field: field, given: "a file of another kind", expected: "a file of the kind \(medium)")
  }
}
