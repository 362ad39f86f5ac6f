import Hummingbird
import ImagineAPI
import ImagineSystem

/// Steps over videos and over many images, for the host. The files of a request lie on the disk, not
/// in memory.
extension ImagineService {
  var fileRoutes: [Route] {
    [Route(.post, "/x/files") { try await perform($0) }]
  }

  private func perform(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    guard directory.hasFreeSpace else {
      throw APIError(.storeUnreachable, "the server's disk is full", retryAfter: 60)
    }
    let share = uploads.share(of: incoming.account)
    let folder = FilePath(try directory.makeStepFolder())
    defer { withExtendedLifetime(share) { folder.removeAll() } }
    let upload = try await FileUpload(
      incoming.http, into: folder, limit: configuration.limits.fileBytes, share: share
    ) { description in
      if try Self.operation(in: description).takesVideos { try checkSupport(.video) }
    }
    let operation = try Self.operation(in: upload.description)
    let step = try PictureStep(
      operation, upload.description["fields"]?.table ?? [:], images: upload.inputs,
      facts: PictureStep.facts)
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
      operation.takesFiles
    else { throw .invalid("the step is none whose files lie on the disk") }
    return operation
  }
}
