import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

@testable import ImagineProviders

@Suite("A server of the A1111 API says what is wrong, and only its own task is shown and stopped")
struct SDAPIProviderTests {
  private var trial: SDAPITrial

  init() throws { trial = try SDAPITrial() }

  private func fault(
    _ operation: String = "generate", isPriced: Bool = false,
    _ handler: @escaping StubServer.Handler
  ) async throws -> ImagineError {
    var trial = trial
    if isPriced {
      trial.prices = try PriceList(
        ["generate": 0.01, "upscale": 0.01, "fill": 0.01], unit: "USD",
        of: trial.service.operations)
    }
    var images: [String: [UInt8]] = [:]
    if operation != "generate" { images["image"] = TinyImage.png }
    if operation == "fill" {
      trial.service.resolution = 512
      images["mask"] = TinyImage.png
    }
    do {
      _ = try await trial.call(
        operation, operation == "upscale" ? [:] : ["prompt": "x"], images: images, handler)
    } catch let error as ImagineError {
      return error
    }
    throw ImagineError(.server, "the call succeeded")
  }

  private struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var operation = "generate"
    /// Of the POST.
    var status: Int
    var body: String
    /// Of `/`, and of the settings.
    var front = 404
    var options = 404
    var kind: ImagineError.Kind
    var words: String
    var retryable = false
    /// If the call has a price.
    var charged = ImagineError.Charged.no
  }

  private static let cases = [
    Case(
      testDescription: "no API", status: 404, body: #"{"detail":"Not Found"}"#, front: 200,
      kind: .unavailable, words: "start the server with --api"),
    Case(
      testDescription: "another program", status: 404, body: "<html><title>x</title></html>",
      kind: .unavailable, words: "is it a server of the kind sdapi"),
    Case(
      testDescription: "no upscaling", operation: "upscale", status: 404, body: "", front: 200,
      options: 200, kind: .unavailable, words: "is its dialect the right one?"),
    Case(
      testDescription: "no such sampler", status: 404, body: #"{"detail":"Sampler not found"}"#,
      options: 200, kind: .validation, words: "Sampler not found"),
    Case(
      testDescription: "Draw Things", status: 422,
      body:
        #"{"error":"HTTPException","detail":"Unrecognized keys: [\"force_task_id\"]","body":""}"#,
      kind: .validation, words: #"["force_task_id"]; this is Draw Things: set dialect"#),
    Case(
      testDescription: "a field that is refused", status: 422,
      body: #"{"detail":[{"loc":["body","steps"],"msg":"too many"}]}"#, kind: .validation,
      words: "steps: too many"),
    Case(
      testDescription: "user and password", status: 401,
      body: #"{"detail":"Incorrect username or password"}"#, kind: .authorization,
      words: "user:password"),
    Case(
      testDescription: "an exception", status: 500,
      body: #"{"error":"OutOfMemoryError","detail":"","body":"","errors":"CUDA out of memory"}"#,
      kind: .server, words: "CUDA out of memory", charged: .unknown),
    Case(
      testDescription: "busy", status: 503, body: "loading", kind: .unavailable, words: "loading",
      retryable: true),
    Case(
      testDescription: "a dropped mask", operation: "fill", status: 200,
      body: #"{"images":["B64"]}"#, kind: .badResponse, words: #"set dialect = "drawthings""#,
      charged: .unknown),
    Case(
      testDescription: "no image", status: 200, body: #"{"images":[],"info":null}"#,
      kind: .badResponse, words: "holds no images", charged: .unknown),
    Case(
      testDescription: "only a grid", status: 200,
      body: #"{"images":["B64"],"info":"{\"index_of_first_image\":9223372036854775807}"}"#,
      kind: .badResponse, words: "holds no images", charged: .unknown),
    Case(
      testDescription: "no base64", status: 200, body: #"{"images":["&"],"info":"x"}"#,
      kind: .badResponse, words: "not base64", charged: .unknown),
    Case(
      testDescription: "no picture", status: 200, body: #"{"images":["eHl6"],"info":5}"#,
      kind: .badResponse, words: "is no image", charged: .yes),
    Case(
      testDescription: "an error with success", status: 200, body: #"{"error":"out of luck"}"#,
      kind: .badResponse, words: "out of luck", charged: .unknown),
    Case(
      testDescription: "a page", status: 200, body: "<html><title>Gradio</title></html>",
      kind: .badResponse, words: "a web page: Gradio", charged: .unknown),
  ]

  @Test("each fault is a message that says what to do", arguments: cases)
  private func faults(fault: Case) async throws {
    for isPriced in [false, true] {
      let error = try await self.fault(fault.operation, isPriced: isPriced) { request in
        switch (request.method, request.target) {
        case ("GET", "/"):
          .full(status: fault.front, body: Array("<html>".utf8))
        case ("GET", _): .json(fault.options, "{}")
        default: .json(fault.status, fault.body.replacing("B64", with: SDAPITrial.base64()))
        }
      }
      #expect(error.kind == fault.kind)
      #expect(error.message.contains(fault.words), "\(error.message)")
      #expect(error.charged == (isPriced ? fault.charged : .no), "\(isPriced)")
      #expect(error.retryable == fault.retryable)
    }
  }

  @Test("a server that restarts is asked again if that is free, else the charge is unknown")
  func restarted() async throws {
    for isPriced in [false, true] {
      let error = try await fault(isPriced: isPriced) { _ in .close }
      #expect(error.kind == .connection && error.message.contains("restarted"))
      #expect(error.retryable == !isPriced)
      #expect(error.charged == (isPriced ? .unknown : .no))
    }
    // Sent again by the host, with the same fields.
    let attempts = Mutex(0)
    let stub = try await StubServer { _ in
      attempts.withLock { count in
        count += 1
        return count == 1 ? .close : .json(200, SDAPITrial.answer())
      }
    }
    let own = trial.provider(at: stub.address)
    let provider = RetryingProvider(own, limiter: CallLimiter())
    let request = try await trial.request("generate", ["prompt": "x", "seed": 7], at: own)
    #expect(try await trial.outputs(request, at: provider).count == 1)
    #expect(stub.requests.map { $0.members["seed"] } == [7, 7])
    await stub.close()
  }

  /// Remembers the progress.
  private final class Observer: CallObserver {
    let parts = Mutex<[Double]>([])

    func willSend() async throws {}
    func wasAnswered(at: [String], price: Price?, usage: [String: Int64]) async throws {}
    func attemptFailed(_ charged: ImagineError.Charged) async {}
    func progressed(to part: Double) async { parts.withLock { $0.append(part) } }
  }

  @Test("the progress of somebody else's task is not shown, that of its own is")
  func progress() async throws {
    let gate = Gate(1)
    let id = Mutex("")
    let questions = Mutex(0)
    let stub = try await StubServer { request in
      switch request.target {
      case "/sdapi/v1/txt2img":
        id.withLock { $0 = request.members["force_task_id"]?.text ?? "" }
        await gate.arrive()
        return .json(200, SDAPITrial.answer())
      case "/internal/progress":
        let isOwn = request.members["id_task"]?.text == id.withLock { $0 }
        let number = questions.withLock { count in
          count += 1
          return count
        }
        if number == 4 { await gate.open() }
        // At first another task runs; SD.Next tells its progress too.
        return .json(
          200,
          #"{"active":\#(isOwn && number > 2),"queued":true,"progress":\#(number > 2 ? 0.25 : 0.75)}"#
        )
      default: return .json(404, "{}")
      }
    }
    var provider = trial.provider(at: stub.address)
    provider.pause = 0.005
    let observer = Observer()
    let request = try await trial.request("generate", ["prompt": "x"], at: provider)
    #expect(try await trial.outputs(request, at: provider, observer: observer).count == 1)
    let parts = observer.parts.withLock { $0 }
    #expect(parts.first == 0.25 && !parts.contains(0.75))
    #expect(!stub.requests.contains { $0.target == "/sdapi/v1/progress" })
    await stub.close()
  }

  @Test(
    "a free call that is cancelled stops the server, unless somebody else's task runs there",
    arguments: [true, false])
  func cancelled(isOwn: Bool) async throws {
    let arrived = AsyncStream<Void>.makeStream()
    let stub = try await StubServer { request in
      switch request.target {
      case "/sdapi/v1/txt2img":
        arrived.continuation.yield()
        return .silence
      case "/internal/progress": return .json(200, #"{"active":\#(isOwn),"progress":0.5}"#)
      default: return .json(200, "{}")
      }
    }
    let own = trial.provider(at: stub.address)
    let provider = RetryingProvider(own, limiter: CallLimiter())
    let request = try await trial.request("generate", ["prompt": "x"], at: own)
    let call = Task { [trial] in try await trial.outputs(request, at: provider) }
    for await _ in arrived.stream { break }
    call.cancel()
    let error = await #expect(throws: ImagineError.self) { try await call.value }
    #expect(error?.kind == .cancelled && error?.charged == .no)
    let stops = stub.requests.filter { $0.target == "/sdapi/v1/interrupt" }
    #expect(stops.count == (isOwn ? 1 : 0))
    let questions = stub.requests.filter { $0.target == "/internal/progress" }
    #expect(
      questions.last?.members["id_task"] == stub.requests.first?.members["force_task_id"])
    await stub.close()
  }

  @Test("a call whose time is over is stopped, and not sent again while the server may work on it")
  func timedOut() async throws {
    let stub = try await StubServer { request in
      request.target == "/sdapi/v1/txt2img" ? .silence : .json(200, #"{"active":true}"#)
    }
    let own = trial.provider(at: stub.address)
    let provider = RetryingProvider(own, limiter: CallLimiter())
    let request = try await trial.request("generate", ["prompt": "x"], at: own)
    let error = await #expect(throws: ImagineError.self) {
      try await trial.outputs(request, at: provider, options: CallOptions(timeout: 0.2))
    }
    #expect(error?.kind == .timeout && error?.charged == .no)
    #expect(
      stub.requests.map(\.target) == [
        "/sdapi/v1/txt2img", "/internal/progress", "/sdapi/v1/interrupt",
      ])
    await stub.close()
  }

  @Test("a call that may be billed is not stopped")
  func billed() throws {
    var trial = trial
    #expect(trial.provider(at: "http://127.0.0.1:1").stopsCalls)
    trial.prices = try PriceList(["generate": 0.01], unit: "USD", of: trial.service.operations)
    #expect(!trial.provider(at: "http://127.0.0.1:1").stopsCalls)
  }

  @Test("what a server has names of is listed by the fields that take them")
  func lists() async throws {
    let stub = try await StubServer { request in
      switch request.target {
      case "/sdapi/v1/sd-models": .json(200, #"[{"title":"xl [1]","model_name":"xl"},{}, 5]"#)
      case "/sdapi/v1/samplers": .json(200, #"[{"name":"Euler","aliases":["k_euler"]}]"#)
      case "/sdapi/v1/upscalers": .json(200, #"[{"name":"None"},{"name":"ESRGAN_4x"}]"#)
      case "/sdapi/v1/options": .json(200, #"{"model":"flux.ckpt","guidance_scale":3}"#)
      default: .json(404, "{}")
      }
    }
    let context = CallContext(store: trial.store)
    let models = try #require(try await trial.provider(at: stub.address).models(context))
    #expect(
      models.map { "\($0.role) \($0.id)" } == [
        "model xl [1]", "sampler Euler", "upscaler ESRGAN_4x",
      ])
    #expect(models[0].isNamed("XL") && models[1].isNamed("k_euler"))
    var trial = trial
    trial.service.dialect = .drawthings
    #expect(
      try await trial.provider(at: stub.address).models(context)?.map(\.id) == ["flux.ckpt"])
    await stub.close()
  }

  @Test(
    "a server of this machine is recognised by its settings, and no other program",
    arguments: [
      ("a1111", 200, #"{"a":1,"b":2,"c":3,"d":4,"sd_model_checkpoint":"xl"}"#, "", "A1111", nil),
      ("sdcpp", 200, #"{"samples_format":"png","sd_model_checkpoint":"sd"}"#, "", "sd", "sdcpp"),
      (
        "drawthings", 200, #"{"guidance_scale":4,"batch_count":1,"model":"f"}"#, "", "Draw Things",
        "drawthings"
      ),
      ("login", 401, "{}", "", "user and password", "SDAPI_LOGIN"),
      (
        "no API", 404, "{}", "<!doctype html><head><title>Stable Diffusion</title></head>",
        "without its API", nil
      ),
      ("other", 404, "{}", "<html><title>LM Studio</title></html>", nil, nil),
      ("language", 200, #"{"sd_model_checkpoint":"inactive"}"#, "", nil, nil),
      ("other JSON", 200, #"{"error":"Unexpected endpoint"}"#, "", nil, nil),
      ("no JSON", 200, "{", "", nil, nil),
    ] as [(String, Int, String, String, String?, String?)])
  func probes(
    name: String, status: Int, options: String, front: String, title: String?, setting: String?
  ) async throws {
    let stub = try await StubServer { request in
      request.target == "/"
        ? .full(status: front.isEmpty ? 404 : 200, body: Array(front.utf8))
        : .json(request.target == "/sdapi/v1/options" ? status : 404, options)
    }
    let transport = trial.provider(at: stub.address).transport
    let server = await SDAPIProbe(Probe(address: stub.address, transport: transport)).server()
    #expect((server == nil) == (title == nil))
    if let server {
      #expect(server.title.contains(title ?? ""), "\(server.title)")
      #expect(server.settings.map(\.value) == (setting.map { [$0] } ?? []))
      #expect((server.advice == nil) == (status == 200))
      let port = stub.address.split(separator: ":").last.map(String.init) ?? ""
      let own = "http://localhost:\(port)/sdapi/v1"
      #expect(server.isAt(own, kind: .sdapi) && !server.isAt(own, kind: .openai))
      #expect(!server.isAt("http://a:\(port)", kind: .sdapi))
    }
    await stub.close()
  }

  @Test("a port is asked for every kind of server, and a wrong or silent one is no server")
  func discovery() async throws {
    let comfy = try await StubServer { request in
      request.target == "/system_stats"
        ? .json(200, #"{"system":{"comfyui_version":"0.36.0"},"devices":[]}"#) : .json(404, "{}")
    }
    let other = try await StubServer { _ in .json(200, "[]") }
    let silent = try await StubServer { _ in .silence }
    let stubs = [comfy, other, silent]
    let ports = stubs.compactMap { $0.address.split(separator: ":").last.flatMap { Int($0) } }
    let transport = trial.provider(at: comfy.address).transport
    let start = ContinuousClock.now
    let found = await KnownServers(transport: transport).find(alsoAt: ports)
    #expect(ContinuousClock.now - start < .seconds(10))
    // The usual ports of this machine may have others.
    let own = found.filter { server in stubs.contains { $0.address == server.address } }
    #expect(own.map(\.title) == ["ComfyUI 0.36.0"] && own.map(\.kind) == [.comfy])
    for stub in stubs { await stub.close() }
  }
}
