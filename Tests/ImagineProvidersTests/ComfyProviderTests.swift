import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import MediaFiles
import Testing

@testable import ImagineProviders

/// Each test sends real requests to a stub of ComfyUI.
@Suite("A workflow of ComfyUI is sent with the fields of a call")
struct ComfyProviderTests {
  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
    let files = [
      ("generate", ComfyWorkflows.generate), ("fill", ComfyWorkflows.fill),
      ("video", ComfyWorkflows.video),
    ]
    for (name, text) in files {
      try FileSystem.write(text, to: folder.file("\(name).json"))
    }
  }

  private static let ticket = Ticket(id: "0123456789abcdef0123456789ABCDEF")
  private static let id = "01234567-89ab-cdef-0123-456789abcdef"

  private func provider(
    _ stub: ComfyStub, at address: String? = nil, key: String? = nil
  ) throws -> ComfyProvider {
    let workflows: [String: Value] = [
      "generate": [
        "file": "generate.json", "output": "9",
        "inputs": [
          "prompt": "6.text", "negative_prompt": "7.text", "seed": "3.seed", "width": "5.width",
          "height": "5.height", "steps": "3.steps", "cfg": "3.cfg", "sampler": "3.sampler_name",
        ],
      ],
      "fill": [
        "file": "fill.json",
        "inputs": [
          "prompt": "2.value", "image": "10.image", "mask": "11.image", "tiled": "3.tiled",
        ],
      ],
      "video": ["file": "video.json", "inputs": ["prompt": "6.prompt", "seed": "6.seed"]],
    ]
    return ComfyProvider(
      name: "gpu",
      transport: HTTPTransport(
        trustedCertificates: address.map { _ in folder.file("authority.pem") },
        logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: address ?? stub.address, token: nil),
      service: try ComfyService(
        ConfigTable(workflows, in: "config: workflows"), filesIn: folder.path),
      accountKey: key.flatMap { Token($0) }, secondLook: 0)
  }

  private func request(
    _ operation: String, _ fields: [String: Value], images: [String: [UInt8]] = [:],
    at provider: ComfyProvider
  ) async throws -> Request {
    var inputs: [String: [ImageInput]] = [:]
    for (name, bytes) in images { inputs[name] = [.asset(try await store.store(bytes))] }
    return try provider.profile.operation(operation).request(
      from: fields, images: inputs, source: .script)
  }

  private func send(_ request: Request, to provider: ComfyProvider) async throws -> JobStatus? {
    let context = CallContext(store: store, ticket: Self.ticket)
    guard case .running(let status) = try await provider.perform(request, context) else {
      return nil
    }
    return status
  }

  private func finalStatus(of provider: ComfyProvider) async throws -> JobStatus {
    while true {
      let status = try await provider.poll(Self.ticket, CallContext(store: store))
      if status.state.isFinal { return status }
    }
  }

  @Test("fields are set where the description says, and the id is in the name of the file")
  func fields() async throws {
    let stub = try await ComfyStub()
    let provider = try provider(stub)
    #expect(provider.profile.prices.price(of: "generate")?.millionths == 0)
    let names = provider.profile.operations.map { "\($0.name): \($0.fields.map(\.name))" }
    #expect(
      names == [
        #"generate: ["prompt", "negative_prompt", "width", "height", "seed", "cfg", "sampler", "steps", "aspect_ratio", "workflow"]"#,
        #"fill: ["prompt", "image", "mask", "tiled", "workflow"]"#,
        #"video: ["prompt", "seed", "workflow"]"#,
      ])
    let status = try await send(
      request(
        "generate",
        ["prompt": "a \"fox\"", "seed": 7, "aspect_ratio": "16:9", "cfg": 7.5, "steps": 12],
        at: provider), to: provider)
    #expect(status?.id == Self.ticket.id && status?.state == .queued)
    let sent = try #require(stub.sent.first)
    #expect(sent.id == Self.id)
    func input(_ node: String, _ name: String) -> Value? {
      sent.graph.table?[node]?.table?["inputs"]?.table?[name]
    }
    #expect(input("6", "text") == "a \"fox\"" && input("7", "text") == "blur")
    #expect(input("3", "seed") == 7 && input("3", "cfg") == 7.5 && input("3", "steps") == 12)
    #expect(input("5", "width") == 1280 && input("5", "height") == 720)
    #expect(input("9", "filename_prefix") == .text("out/cat-\(Self.id)"))
    // What the output does not need is not sent.
    #expect(sent.graph.table?.keys.sorted() == ["3", "4", "5", "6", "7", "8", "9"])
    await stub.close()
  }

  @Test(
    "a job goes from the queue to its file by either API, whatever becomes of the WebSocket",
    arguments: [true, false], [ComfyStub.Socket.refused, .lost])
  func states(hasJobs: Bool, socket: ComfyStub.Socket) async throws {
    let stub = try await ComfyStub(hasJobs: hasJobs, socket: socket)
    let provider = try provider(stub)
    _ = try await send(request("generate", ["prompt": "x"], at: provider), to: provider)
    var states: [JobState] = []
    var status: JobStatus
    repeat {
      status = try await provider.poll(Self.ticket, CallContext(store: store))
      states.append(status.state)
    } while !status.state.isFinal
    #expect(states == [.queued, .processing, .finished])
    #expect(status.imageAddresses.count == 1)
    let asset = try await provider.download(
      try #require(status.imageAddresses.first), CallContext(store: store))
    #expect(asset.header != nil)
    #expect(stub.requests.contains { $0.target.contains("filename=cat-\(Self.id)_00001_.png") })
    await stub.close()
  }

  /// Of a graph with a sampler, which weighs 20, and six other nodes.
  private static let messages: [([String], Double)] = [
    (
      [
        #"{"type":"status","data":{"sid":"ID"}}"#,
        #"{"type":"progress_state","data":{"prompt_id":"another","nodes":{"3":{"value":9,"max":9}}}}"#,
        #"{"type":"progress_state","data":{"prompt_id":"ID","nodes":{"4":{"value":1,"max":1},"#
          + #""5":{"value":1,"max":1},"3":{"value":10,"max":20},"99":{"value":1,"max":1}}}}"#,
        // A second pass begins at 0 again; what is no part is not counted.
        #"{"type":"progress_state","data":{"prompt_id":"ID","nodes":{"3":{"value":1,"max":20},"#
          + #""6":{"value":2,"max":1},"7":{"value":1,"max":0}}}}"#,
        "no JSON",
      ], 12.0 / 26
    ),
    (
      [
        #"{"type":"execution_cached","data":{"prompt_id":"ID","nodes":["4"]}}"#,
        #"{"type":"executing","data":{"prompt_id":"ID","node":"5"}}"#,
        #"{"type":"executing","data":{"prompt_id":"another","node":null}}"#,
        #"{"type":"progress","data":{"prompt_id":"another","node":"3","value":20,"max":20}}"#,
        #"{"type":"executing","data":{"prompt_id":"ID","node":"3"}}"#,
        #"{"type":"progress","data":{"prompt_id":"ID","node":"3","value":5,"max":20}}"#,
      ], 7.0 / 26
    ),
  ]

  @Test(
    "the progress of a running prompt is that of its own nodes", arguments: messages,
    [(true, false), (false, false), (true, true)])
  func progress(
    messages: ([String], Double), server: (hasJobs: Bool, isEncrypted: Bool)
  ) async throws {
    let stub = try await ComfyStub(hasJobs: server.hasJobs, socket: .texts(messages.0))
    let proxy = server.isEncrypted ? try await TLSProxy(.loopback) : nil
    proxy?.forward(to: stub.address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
    try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
    let provider = try provider(stub, at: proxy?.address)
    _ = try await send(request("generate", ["prompt": "x"], at: provider), to: provider)
    while !provider.progress.isWatched(Self.id) {
      _ = try await provider.poll(Self.ticket, CallContext(store: store))
    }
    let asked = ContinuousClock.now
    while provider.progress.part(of: Self.id) != messages.1, asked.duration(to: .now) < .seconds(20)
    {
      try await Task.sleep(for: .milliseconds(1))
    }
    #expect(provider.progress.part(of: Self.id) == messages.1)
    let status = try await provider.poll(Self.ticket, CallContext(store: store))
    #expect(status.state == .finished && !provider.progress.isWatched(Self.id))
    await proxy?.close()
    await stub.close()
  }

  @Test("a prompt that nobody asks about any more is not listened to")
  func forgotten() async throws {
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let stub = try await StubServer { _ in
      .webSocket(
        AsyncStream { texts in
          let task = Task {
            while !Task.isCancelled {
              texts.yield("{}")
              try? await Task.sleep(for: .milliseconds(1))
            }
          }
          texts.onTermination = { _ in
            task.cancel()
            end.finish()
          }
        })
    }
    let progress = ComfyProgress(
      transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: stub.address, token: nil), patience: .milliseconds(50))
    progress.watch(Self.id, .object([:]))
    for await _ in ended {}
    #expect(!progress.isWatched(Self.id))
    await stub.close()
  }

  @Test("a connection whose handshake fails is closed")
  func handshake() async throws {
    let server = try await WireServer { _ in
      [
        .text(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            + "sec-websocket-accept: wrong\r\n\r\n")
      ]
    }
    let transport = HTTPTransport(logger: Logger(label: "test"))
    let call = HTTPTransport.Call(
      method: "GET", address: "\(server.address)/ws", endpoint: "GET /ws",
      limit: TimeLimit(total: 10))
    await #expect(throws: (any Error).self) {
      try await transport.readWebSocket(call) { _ in true }
    }
    let asked = ContinuousClock.now
    while server.closedConnections == 0, asked.duration(to: .now) < .seconds(20) {
      try await Task.sleep(for: .milliseconds(1))
    }
    #expect(server.closedConnections == 1)
    await server.close()
  }

  @Test("equal inputs are uploaded once, under the hash of their content")
  func uploads() async throws {
    let stub = try await ComfyStub()
    let provider = try provider(stub)
    let mask = BlankImage.png(size: PixelSize(width: 1, height: 1))
    for _ in 1...2 {
      _ = try await send(
        request(
          "fill", ["prompt": "x", "tiled": false],
          images: ["image": TinyImage.png, "mask": mask], at: provider), to: provider)
    }
    #expect(stub.requests.count { $0.target == "/upload/image" } == 2)
    let inputs = stub.sent.last?.graph.table
    let names = ["10", "11"].compactMap { inputs?[$0]?.table?["inputs"]?.table?["image"]?.text }
    #expect(names.sorted() == stub.uploads && Set(names).count == 2)
    #expect(names.allSatisfy { $0.hasPrefix("imagine-") && $0.hasSuffix(".png") })
    #expect(inputs?["3"]?.table?["inputs"]?.table?["tiled"] == false)
    #expect(inputs?["2"]?.table?["inputs"]?.table?["value"] == "x")
    await stub.close()
  }

  @Test(
    "a graph that the server refuses is told in its words, with the node and the field",
    arguments: [
      (
        ComfyStub.Fault.wrongValue("3", "sampler_name"), "sampler",
        "node 3 (KSampler): Value not in list: sampler_name: 'x' not in ['euler']"
      ),
      (.unknownNode, nil, "Node 'X' not found.: Node ID '#7'"),
      (.ignoredOutput("9"), nil, "node 9 (SaveImage): Required input is missing: images"),
    ] as [(ComfyStub.Fault, String?, String)])
  func refused(fault: ComfyStub.Fault, field: String?, words: String) async throws {
    let stub = try await ComfyStub(faults: [fault])
    let provider = try provider(stub)
    let request = try await request("generate", ["prompt": "x"], at: provider)
    let error = await #expect(throws: ImagineError.self) { try await send(request, to: provider) }
    #expect(error?.kind == .validation && error?.charged == .no && error?.field == field)
    #expect(error?.message == "POST /prompt: \(words)")
    // What was accepted in part is taken back.
    if case .ignoredOutput = fault {
      #expect(stub.requests.last?.target == "/api/jobs/\(Self.id)/cancel")
    }
    await stub.close()
  }

  @Test(
    "a job that ends without a file says why", arguments: [true, false],
    [
      (.failed, JobState.failed, "node 3 (KSampler): out of memory (torch.OutOfMemoryError)"),
      (.interrupted, .cancelled, nil),
      (.cached, .failed, "completed it without a file of the output"),
    ] as [(ComfyStub.Fault, JobState, String?)])
  func ended(hasJobs: Bool, end: (ComfyStub.Fault, JobState, String?)) async throws {
    let stub = try await ComfyStub(hasJobs: hasJobs, faults: [end.0])
    let provider = try provider(stub)
    _ = try await send(request("generate", ["prompt": "x"], at: provider), to: provider)
    let status = try await finalStatus(of: provider)
    #expect(status.state == end.1)
    if let words = end.2 { #expect(status.failure?.contains(words) == true, "\(status)") }
    await stub.close()
  }

  @Test("a prompt is unknown when queue and history were asked twice", arguments: [true, false])
  func unknown(hasJobs: Bool) async throws {
    let stub = try await ComfyStub(hasJobs: hasJobs, faults: [.restarted])
    let provider = try provider(stub)
    _ = try await send(request("generate", ["prompt": "x"], at: provider), to: provider)
    let error = await #expect(throws: ImagineError.self) {
      try await provider.poll(Self.ticket, CallContext(store: store))
    }
    #expect(error?.kind == .notFound && error?.job == Self.ticket.id)
    let once = ["/api/jobs/\(Self.id)", "/queue", "/history/\(Self.id)"]
    #expect(stub.requests.suffix(6).map(\.target) == once + once)
    await stub.close()
  }

  @Test("only a prompt of ours is taken back", arguments: [true, false])
  func cancel(hasJobs: Bool) async throws {
    let stub = try await ComfyStub(hasJobs: hasJobs)
    let provider = try provider(stub)
    let context = CallContext(store: store)
    // Another's prompt runs: nothing is interrupted.
    try await provider.cancel(Self.ticket, context)
    #expect(!stub.requests.contains { $0.target == "/interrupt" })
    _ = try await send(request("generate", ["prompt": "x"], at: provider), to: provider)
    _ = try await provider.poll(Self.ticket, context)
    try await provider.cancel(Self.ticket, context)
    if !hasJobs {
      #expect(stub.requests.last?.target == "/interrupt")
      #expect(stub.requests.last?.text == #"{"prompt_id":"\#(Self.id)"}"#)
    }
    let error = await #expect(throws: ImagineError.self) {
      try await provider.poll(Self.ticket, context)
    }
    #expect(error?.kind == .notFound)
    await stub.close()
  }

  @Test("a key of comfy.org is in the call and in no error, and its calls have no known price")
  func accountKey() async throws {
    let key = "comfyui-1234567890abcdef"
    let stub = try await ComfyStub(faults: [.wrongValue("3", key)])
    let provider = try provider(stub, key: key)
    #expect(provider.profile.prices.price(of: "generate") == nil)
    let request = try await request("generate", ["prompt": "x"], at: provider)
    let error = await #expect(throws: ImagineError.self) { try await send(request, to: provider) }
    #expect(error?.message.contains(key) == false && error?.message.contains("com…") == true)
    let body = stub.requests.last?.text ?? ""
    #expect(body.contains(#""extra_data":{"api_key_comfy_org":"\#(key)"}"#))
    await stub.close()
  }

  @Test("checkpoints are listed, and another kind of server is told from ComfyUI")
  func models() async throws {
    let stub = try await ComfyStub()
    let models = try await provider(stub).models(CallContext(store: store))
    #expect(models?.map(\.id) == ["a.safetensors", "b.safetensors"])
    await stub.close()
    let older = try await StubServer { request in
      request.target == "/object_info/CheckpointLoaderSimple"
        ? .json(
          200, #"{"CheckpointLoaderSimple":{"input":{"required":{"ckpt_name":[["c"],{}]}}}}"#)
        : .json(404, "{}")
    }
    let other = try await StubServer { _ in .json(404, "{}") }
    for (server, isComfy) in [(older, true), (other, false)] {
      let provider = ComfyProvider(
        name: "gpu", transport: HTTPTransport(logger: Logger(label: "test")),
        endpoint: Endpoint(baseURL: server.address, token: nil),
        service: try provider(stub).service)
      let models = try? await provider.models(CallContext(store: store))
      #expect(models?.map(\.id) == (isComfy ? ["c"] : nil))
      await server.close()
    }
  }
}
