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
    let form = try await Form(call.request, by: bodies, for: call.account)
    let request = seeded(try form.request(for: operation))
    let size = try RequestCheck(configuration.limits).check(request)
    let picture = try await drawn(request, size, for: call)
    var response = Response.picture(picture)
    if let seed = request.seed { response.headers.set("x-imagine-seed", String(seed)) }
    return response
  }

  /// - Throws: ``Failure`` 1206 for an operation that the engine has no function for, or lacks
  ///   something for.
  func check(_ operation: Operation) throws(Failure) {
    guard engine.offers(operation) else { throw .notOffered(operation.title) }
    if let lack = engine.lack(for: operation) { throw Failure(.unsupported, lack) }
  }

  /// Counts a call that starts work against its token's rate.
  func admit(_ call: Call) throws(Failure) {
    if let limit = rate(of: call.account) { try rates.count(call.account.id, limit: limit) }
  }

  /// What is left of an account's rate; nil where it has none.
  func allowance(of account: Account) -> RateLimit.Allowance? {
    rate(of: account).map { rates.allowance(of: account.id, limit: $0) }
  }

  private func rate(of account: Account) -> Int? {
    account.callsPerMinute ?? configuration.limits.callsPerMinute
  }

  /// The request with a random seed where it has none and its operation takes one.
  func seeded(_ request: ImagineCore.Request) -> ImagineCore.Request {
    request.seed == nil ? request.with(seed: .random(in: 1...2_147_483_647)) : request
  }

  /// Draws on the engine's threads and charges the account.
  ///
  /// A caller that hangs up is not drawn for any longer, and pays nothing. A size that the operation
  /// cannot be done with is refused before anything waits.
  private func drawn(
    _ request: ImagineCore.Request, _ size: PixelSize?, for call: Call
  ) async throws -> [UInt8] {
    let bytes = try engine.memory(
      for: request.operation, picture: size, aspectRatio: request.aspectRatio)
    return try await billed(Tariff.price(of: request), request.operation.name, call) {
      try await run(call, bytes: bytes) { try engine.draw(request, $0) }
    }
  }

  /// Runs an engine call for an account; it ends when the caller hangs up.
  func run<Result: Sendable>(
    _ call: Call, bytes: Int, _ work: @escaping @Sendable (EngineControl) throws -> Result
  ) async throws -> Result {
    let line = await call.context.line()
    let control = EngineControl { line?.isOpen == true }
    return try await queue.run(
      EngineQueue.Demand(account: call.account.id, bytes: bytes, control: control)
    ) {
      try work(control)
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

/// What can be told of a request before the engine touches it.
struct RequestCheck {
  private let promptCharacters: Int

  init(_ limits: Limits) {
    promptCharacters = limits.promptCharacters
  }

  /// Gives the size of the request's picture, where it has one.
  ///
  /// - Throws: ``Failure`` 1100 for a prompt over the limit, for a picture that is none or is over
  ///   the ``PixelBudget``, and for a mask of another size than its picture.
  @discardableResult
  func check(_ request: ImagineCore.Request) throws(Failure) -> PixelSize? {
    try checkPrompt(request.prompt)
    var sizes: [String: PixelSize] = [:]
    for field in request.operation.fields {
      guard case .bytes(let bytes) = request[field.name]?.picture else { continue }
      guard let header = PictureHeader(bytes) else {
        throw .invalid(
          "field '\(field.wireName)': the file is no picture (expected \(PictureHeader.expectation))",
          field: field.wireName)
      }
      if let fault = PixelBudget.fault(of: header.size) {
        throw .invalid("field '\(field.wireName)': \(fault)", field: field.wireName)
      }
      sizes[field.name] = header.size
    }
    if let image = sizes["image"], let mask = sizes["mask"], image != mask {
      throw .invalid(
        "field 'mask': the mask has \(mask) pixels, but the image has \(image)", field: "mask")
    }
    return sizes["image"]
  }

  private func checkPrompt(_ prompt: String?) throws(Failure) {
    // Bytes are counted at once, characters one by one.
    guard let prompt, prompt.utf8.count > promptCharacters else { return }
    let isTooLong =
      prompt.utf8.count > 4 * promptCharacters || prompt.unicodeScalars.count > promptCharacters
    if isTooLong {
      throw .invalid(
        "field 'prompt': it is too long (at most \(promptCharacters) characters)",
        field: "prompt")
    }
  }
}
