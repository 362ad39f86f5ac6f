import Hummingbird
import ImagineCore

extension ImagineService {
  /// The operations that answer with a picture.
  var imageRoutes: [Route] {
    Operation.all.filter { $0.answer == .picture }.map { operation in
      Route(.post, "/v2" + operation.path) { try await draw(operation, $0) }
    }
  }

  private func draw(_ operation: Operation, _ call: Call) async throws -> Response {
    try check(operation)
    try admit(call)
    let form = try await Form(call.request, by: bodies)
    let request = seeded(try form.request(for: operation))
    try PictureCheck(pixels: configuration.limits.pixels).check(request)
    let picture = try await drawn(request, for: call)
    var response = Response.picture(picture)
    if let seed = request.seed { response.headers.set("x-imagine-seed", String(seed)) }
    return response
  }

  /// - Throws: ``Failure`` 1206 for an operation that the engine has no function for.
  func check(_ operation: Operation) throws(Failure) {
    guard engine.offers(operation) else { throw .notOffered(operation.title) }
  }

  /// Counts a call that starts work against its token's rate.
  func admit(_ call: Call) throws(Failure) {
    let limit = call.account.callsPerMinute ?? configuration.limits.callsPerMinute
    if let limit { try rates.count(call.account.id, limit: limit) }
  }

  /// The request with a random seed where it has none and its operation takes one.
  func seeded(_ request: ImagineCore.Request) -> ImagineCore.Request {
    request.seed == nil ? request.with(seed: .random(in: 1...2_147_483_647)) : request
  }

  /// Draws on the engine's threads and charges the account.
  ///
  /// A caller that hangs up while its call waits for a thread is not drawn for, and pays nothing.
  /// Work that was begun is done and charged, whether or not anybody reads the answer: that is what
  /// a charge is.
  func drawn(_ request: ImagineCore.Request, for call: Call) async throws -> [UInt8] {
    try await billed(Tariff.price(of: request), request.operation.name, call) {
      let line = await call.context.line()
      return try await queue.run(while: line?.isOpen == true) { try engine.draw(request) }
    }
  }

  /// Does work that is charged once it is done.
  func billed<Result>(
    _ price: Int64, _ purpose: String, _ call: Call, work: () async throws -> Result
  ) async throws -> Result {
    let result = try await till.charge(
      price, to: call.account, for: "\(purpose) \(call.id)", work: work)
    rehearsal?.charge(call.account, route: call.request.uri.path)
    return result
  }
}

/// What can be told of a request's pictures before a decoder touches them.
struct PictureCheck {
  /// The most that one picture may have.
  let pixels: Int

  /// - Throws: ``Failure`` 1100 for a picture that is none, or has too many pixels, and for a mask
  ///   of another size than its picture.
  func check(_ request: ImagineCore.Request) throws(Failure) {
    var sizes: [String: PixelSize] = [:]
    for field in request.operation.fields {
      guard case .bytes(let bytes) = request[field.name]?.picture else { continue }
      guard let header = PictureHeader(bytes) else {
        throw .invalid(
          "field '\(field.wireName)': the file is no picture (expected \(PictureHeader.expectation))",
          field: field.wireName)
      }
      guard header.size.width <= pixels / max(1, header.size.height) else {
        throw .invalid(
          "field '\(field.wireName)': \(header.size) pixels are too many (at most \(pixels))",
          field: field.wireName)
      }
      sizes[field.name] = header.size
    }
    if let image = sizes["image"], let mask = sizes["mask"], image != mask {
      throw .invalid(
        "field 'mask': the mask has \(mask) pixels, but the image has \(image)", field: "mask")
    }
  }
}
