public import ImagineAPI
import MediaFiles

/// ComfyUI: a workflow for each operation, whose inputs are fields of the call.
///
/// The host chooses the id of each prompt, so the server can be asked about a call whose answer was
/// lost. Queue and history of the server are in its memory: after a restart it knows nothing.
public struct ComfyProvider: Provider {
  public let profile: ProviderProfile
  let transport: HTTPTransport
  let endpoint: Endpoint
  let service: ComfyService
  /// The key of comfy.org, which nodes that call services need.
  private let accountKey: Token?
  /// Seconds before the second question about a prompt that the server does not know.
  let secondLook: Double
  let progress: ComfyProgress

  /// - Parameters:
  ///   - service: its workflows.
  ///   - accountKey: the key of comfy.org, for nodes that call paid services; nil for none.
  ///   - prices: nil if every call is free, or, with a key of comfy.org, of unknown price.
  ///   - secondLook: seconds between the two questions after which a prompt counts as unknown.
  public init(
    name: String, transport: HTTPTransport, endpoint: Endpoint, service: ComfyService,
    accountKey: Token? = nil, prices: PriceList? = nil, secondLook: Double = 2
  ) {
    profile = ProviderProfile(
      name: name, kind: ProviderKind.comfy.rawValue, operations: service.operations,
      prices: prices ?? (accountKey == nil ? .free : .unknown),
      polling: JobPolling(firstPause: 0.3, maxPause: 3), takesTickets: true)
    self.transport = transport
    self.endpoint = endpoint
    self.service = service
    self.accountKey = accountKey
    self.secondLook = secondLook
    progress = ComfyProgress(transport: transport, endpoint: endpoint)
  }

  /// Makes a mask that is right for a node that reads its brightness and for one that reads its
  /// transparency. Checks `extra`, whose members are those of the body, before anything is sent.
  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] {
    try checkExtra(of: request)
    let workflow = try workflow(of: request)
    guard case .asset(let mask)? = context.images("mask", of: request).first,
      !workflow.readsBrightnessOfMask
    else { return [:] }
    let conversion = Conversion(format: .png, isMask: true)
    return ["mask": [.asset(try await context.convert(mask, to: conversion, field: "mask"))]]
  }

  private static let accountKeyName = "api_key_comfy_org"

  private func checkExtra(of request: Request) throws(ImagineError) {
    for name in ["client_id", "prompt", "prompt_id"] where request.extra[name] != nil {
      throw .invalid(
        field: "extra.\(name)", given: "a member that Imagine sends", expected: "another name")
    }
    guard accountKey != nil, let data = request.extra["extra_data"] else { return }
    guard let table = data.table else {
      throw .invalid(field: "extra.extra_data", given: data.quoted, expected: "a table")
    }
    guard table[Self.accountKeyName] == nil else {
      throw .invalid(
        field: "extra.extra_data.\(Self.accountKeyName)", given: "a key",
        expected: "none beside that of the configuration")
    }
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let workflow = try workflow(of: request)
    guard let ticket = context.ticket else {
      throw ImagineError(.validation, "a call of \(name) needs a ticket")
    }
    let id = Self.promptID(ticket)
    var files: [String: String] = [:]
    for field in workflow.imageFields {
      guard let image = context.images(field, of: request).first else { continue }
      files[field] = try await upload(
        image.content(from: context.store, field: field), context)
    }
    var body: [String: Value] = [
      "prompt": workflow.prompt(for: request, files: files, id: id), "prompt_id": .text(id),
      "client_id": .text(id),
    ]
    body.merge(request.extra) { own, _ in own }
    if let accountKey {
      var data = request.extra["extra_data"]?.table ?? [:]
      data[Self.accountKeyName] = .text(accountKey.value)
      body["extra_data"] = .table(data)
    }
    var call = call("POST", "/prompt", context)
    call.body = Array(Value.table(body).json.utf8)
    call.contentType = "application/json"
    call.isBilled = true
    call.secret = accountKey?.value
    let refused = try await transport.performFollowingRedirects(call) { answer in
      let body = try await answer.bytes(upTo: ComfyRefusal.maxBytes)
      guard answer.isSuccess else {
        let refusal = answer.status == 400 ? ComfyRefusal(body, workflow) : nil
        throw refusal?.error(answer) ?? answer.fault(body)
      }
      // The server runs the outputs that are right, and says what is wrong with the others.
      return ComfyRefusal(body, workflow).flatMap { $0.concernsOutput ? $0.error(answer) : nil }
    }
    if let refused {
      try? await cancel(ticket, context)
      throw refused
    }
    return .running(JobStatus(id: ticket.id, state: .queued))
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await Download(
      transport: transport, source: .service(endpoint), store: context.store,
      deadline: context.options.deadline
    ).fetch(address)
  }

  /// The checkpoints in the server's folder.
  public func models(_ context: CallContext) async throws -> [ListedModel]? {
    let listed = try await json("GET", "/models/checkpoints", context)?.list
    let loader = "CheckpointLoaderSimple"
    // Older servers have only the choices of the node that loads them.
    let list =
      if let listed { listed } else {
        try await json("GET", "/object_info/\(loader)", context)?[loader]?["input"]?["required"]?[
          "ckpt_name"]?.list?.first?.list
      }
    guard let list else {
      throw ImagineError(.badResponse, "\(endpoint.baseURL) does not answer as ComfyUI does")
    }
    return list.compactMap { entry in entry.text.map { ListedModel(id: $0) } }
  }

  /// Sends an input image, unless the server has it: its name is its content.
  ///
  /// - Returns: the name at the server.
  private func upload(_ bytes: [UInt8], _ context: CallContext) async throws -> String {
    let format = ImageHeader(bytes)?.format.pathExtension ?? "png"
    let name = "imagine-\(ComfyWorkflow.digest(of: bytes)).\(format)"
    let question = call(
      "HEAD", "/view", context, [("filename", name), ("type", "input"), ("subfolder", "")])
    let exists = try await transport.performFollowingRedirects(question) { answer in
      answer.status == 200 && answer.length == bytes.count
    }
    if exists { return name }
    var body = MultipartBody()
    body.append(name: "image", file: bytes, fileName: name)
    body.append(name: "type", value: "input")
    body.close()
    var call = call("POST", "/upload/image", context)
    call.body = body.bytes
    call.contentType = body.contentType
    return try await transport.performFollowingRedirects(call) { answer in
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      let root = JSONValue(try await answer.bytes())
      // The server gives another name to a file whose name is taken.
      guard let stored = root?["name"]?.text else {
        throw answer.unexpected("the answer has no name of the uploaded image")
      }
      return root?["subfolder"]?.text.map { "\($0)/\(stored)" } ?? stored
    }
  }

  private func workflow(of request: Request) throws(ImagineError) -> ComfyWorkflow {
    guard let workflow = service.workflows[request.operation.name] else {
      throw .unsupportedOperation(operation: request.operation.name, by: name)
    }
    return workflow
  }

  /// The answer of a route; nil if the server does not have it, or not what it asks for.
  func json(
    _ method: String, _ path: String, body: Value? = nil, _ context: CallContext
  ) async throws -> JSONValue? {
    var call = call(method, path, context)
    if let body {
      call.body = Array(body.json.utf8)
      call.contentType = "application/json"
    }
    return try await transport.performFollowingRedirects(call) { answer in
      if [404, 405].contains(answer.status) { return nil }
      guard answer.isSuccess else { throw answer.fault(try await answer.errorBody()) }
      let bytes = try await answer.bytes(upTo: Self.maxQueueBytes)
      if bytes.isEmpty { return .null }
      guard let value = JSONValue(bytes, maxValues: Self.maxQueueValues) else {
        throw answer.unexpected("the answer is not JSON")
      }
      return value
    }
  }

  /// A queue has the graphs of all clients' prompts.
  private static let maxQueueBytes = 256 << 20
  private static let maxQueueValues = 10_000_000

  func call(
    _ method: String, _ path: String, _ context: CallContext,
    _ parameters: [(String, String)] = []
  ) -> HTTPTransport.Call {
    let address = endpoint.address(path, parameters)
    return HTTPTransport.Call(
      method: method, address: address, endpoint: "\(method) \(path)",
      authorization: endpoint.authorization(for: address),
      limit: transport.limit(for: context.options))
  }

  /// A ticket in the form of ids that the server takes: a UUID in lower case with dashes.
  static func promptID(_ ticket: Ticket) -> String {
    let digits = ticket.id.lowercased().filter { $0 != "-" }
    guard digits.count == 32, digits.allSatisfy(\.isHexDigit) else { return ticket.id }
    var id = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { id.append("-") }
      id.append(digit)
    }
    return id
  }
}
