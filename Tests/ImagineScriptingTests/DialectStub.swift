import Foundation
import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Synchronization

/// What is special about a dialect: its operations, and the form of its answers and errors.
struct Dialect: Sendable, CustomStringConvertible {
  struct Fault: Sendable {
    let answer: StubServer.Answer
    let kind: ImagineError.Kind
    let charged: ImagineError.Charged
    let words: String
    var field: String?

    init(
      _ status: Int, _ body: String, _ kind: ImagineError.Kind,
      charged: ImagineError.Charged = .no, _ words: String, field: String? = nil
    ) {
      answer = .json(status, body)
      self.kind = kind
      self.charged = charged
      self.words = words
      self.field = field
    }
  }

  let kind: String
  let name: String
  let operations: [String]
  /// What it says when it has too much to do.
  let busy: (status: Int, body: String)
  let faults: [Fault]

  var description: String { "\(kind)/\(name)" }

  /// Whether images are addresses in its answers, which are accepted before they are downloaded.
  var givesAddresses: Bool { name == "localai" }
  /// Whether one request may ask for several images.
  var takesCount: Bool { kind == "openai" && name != "localai" }

  func settings(_ address: String, _ operation: String, price: String) -> String {
    let own =
      kind == "openai"
      ? "base_url = \"\(address)/v1\"\nmodel = \"m\"\nvideos = \(operations.contains("video"))"
      : "base_url = \"\(address)\""
    return """
      [providers.studio]
      kind = "\(kind)"
      dialect = "\(name)"
      \(own)
      prices = { unit = "USD", \(operation) = \(price) }
      """
  }

  func call(_ operation: String) -> Call {
    let hasPrompt = !["upscale", "retouch", "remove_background"].contains(operation)
    var call = Call(operation, hasPrompt ? ["prompt": "a boat"] : [:])
    if operation == "generate", takesCount { call.count = 2 }
    if !["generate", "video"].contains(operation) {
      call.images = ["image": [.bytes(TinyImage.png)]]
    }
    if ["fill", "retouch"].contains(operation) { call.images["mask"] = [.bytes(TinyImage.png)] }
    return call
  }

  /// The states of a call in the journal.
  func states(of operation: String) -> Set<JournaledCall.State> {
    let isJob = ["video", "animate"].contains(operation)
    return isJob || givesAddresses
      ? [.intent, .sent, .accepted, .stored, .done] : [.intent, .sent, .stored, .done]
  }

  static let all = [
    Dialect(
      kind: "openai", name: "openai",
      operations: ["generate", "add_background", "fill", "retouch", "video", "animate"],
      busy: (
        429, #"{"error":{"message":"Rate limit","type":"requests","code":"rate_limit_exceeded"}}"#
      ),
      faults: [
        Fault(
          400,
          #"{"error":{"message":"rejected by the safety system","type":"image_generation_user_error","#
            + #""code":"moderation_blocked","param":null}}"#,
          .refused, charged: .unknown, "rejected by the safety system"),
        Fault(
          429,
          #"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","#
            + #""code":"insufficient_quota"}}"#, .payment, "You exceeded your quota"),
        Fault(
          400,
          #"{"error":{"message":"Unknown parameter: 'seed'.","type":"invalid_request_error","#
            + #""param":"seed","code":"unknown_parameter"}}"#, .validation,
          "Unknown parameter: 'seed'.", field: "seed"),
      ]),
    Dialect(
      kind: "openai", name: "sdcpp",
      operations: ["generate", "add_background", "fill", "retouch"],
      busy: (503, #"{"error":"the server is busy"}"#),
      faults: [
        Fault(400, #"{"error":"prompt required"}"#, .validation, "prompt required"),
        Fault(
          500, #"{"error":"generate_image failed"}"#, .server, charged: .unknown,
          "generate_image failed"),
      ]),
    Dialect(
      kind: "openai", name: "vllm",
      operations: ["generate", "add_background", "fill", "retouch", "video"],
      busy: (503, #"{"detail":"the engine is busy"}"#),
      faults: [
        Fault(
          422,
          #"{"detail":[{"type":"value_error","loc":["body","size"],"msg":"must be WxH","input":"x"}]}"#,
          .validation, "size: must be WxH", field: "size"),
        Fault(400, #"{"detail":"n is too large"}"#, .validation, "n is too large"),
      ]),
    Dialect(
      kind: "openai", name: "localai",
      operations: ["generate", "upscale", "fill", "retouch"],
      busy: (503, #"{"error":{"code":503,"message":"backend is loading","type":""}}"#),
      faults: [
        Fault(
          500, #"{"error":{"code":500,"message":"could not load model","type":""}}"#, .server,
          charged: .unknown, "could not load model"),
        Fault(
          404, #"{"error":{"code":404,"message":"model m not found","type":""}}"#, .notFound,
          "model m not found"),
      ]),
    Dialect(
      kind: "openai", name: "openrouter", operations: ["generate", "add_background"],
      busy: (429, #"{"error":{"code":429,"message":"Rate limited upstream"}}"#),
      faults: [
        Fault(
          402, #"{"error":{"code":402,"message":"Insufficient credits"}}"#, .payment,
          "Insufficient credits"),
        Fault(
          403,
          #"{"error":{"code":403,"message":"Input was flagged","metadata":{"reasons":["violence"],"#
            + #""flagged_input":"a bo…","provider_name":"P","model_slug":"m"}}}"#,
          .refused, charged: .unknown, "Input was flagged"),
      ]),
    // `SDAPIServiceTests` take its calls the whole path.
    Dialect(
      kind: "sdapi", name: "a1111", operations: [],
      busy: (503, #"{"detail":"Service Unavailable"}"#),
      faults: [
        Fault(
          500, #"{"error":"OutOfMemoryError","detail":"","body":"","errors":"CUDA out of memory"}"#,
          .server, charged: .unknown, "CUDA out of memory"),
        Fault(
          404, #"{"detail":"Sampler not found"}"#, .validation, "Sampler not found"),
      ]),
    Dialect(
      kind: "sdapi", name: "sdcpp", operations: ["generate"],
      busy: (503, #"{"error":"the server is busy"}"#),
      faults: [Fault(400, #"{"error":"prompt required"}"#, .validation, "prompt required")]),
    Dialect(
      kind: "sdapi", name: "drawthings", operations: ["generate"],
      busy: (503, #"{"error":"already generating"}"#),
      faults: [
        Fault(
          422, #"{"error":"Unrecognized keys: seed_mode"}"#, .validation,
          "Unrecognized keys: seed_mode")
      ]),
  ]
}

/// A server of a dialect. It refuses the first request for now, and makes another image for each.
final class DialectStub: Sendable {
  private let dialect: Dialect
  /// What it answers to everything; nil to make images.
  private let answer: StubServer.Answer?
  private let stub = Mutex<StubServer?>(nil)
  private let made = Mutex(0)

  init(_ dialect: Dialect, answer: StubServer.Answer? = nil) async throws {
    self.dialect = dialect
    self.answer = answer
    let server = try await StubServer { [weak self] in self?.answer(to: $0) ?? .close }
    stub.withLock { $0 = server }
  }

  var address: String { stub.withLock { $0?.address ?? "" } }
  func close() async { await stub.withLock { $0 }?.close() }

  /// How many requests came that make something.
  var sends: Int { stub.withLock { $0?.requests.count { $0.method == "POST" } ?? 0 } }

  private func answer(to request: StubServer.Request) -> StubServer.Answer {
    let route = request.target.replacing(/^\/(v1|sdapi\/v1)/, with: "")
    guard request.method == "POST" else { return known(route) }
    if let answer { return answer }
    guard sends > 1 else {
      return .full(
        status: dialect.busy.status,
        headers: ["retry-after": "0", "content-type": "application/json"],
        body: Array(dialect.busy.body.utf8))
    }
    switch route {
    case "/txt2img":
      // Draw Things gives nothing beside the images.
      let rest = dialect.name == "drawthings" ? "" : #","parameters":{},"info":"{}""#
      return .json(200, #"{"images":["\#(image())"]\#(rest)}"#)
    case "/videos":
      return .json(200, #"{"id":"video_\#(next())","object":"video","status":"queued"}"#)
    case _ where dialect.givesAddresses:
      let path = "/generated-images/\(next()).png"
      return .json(200, #"{"created":1,"id":"1","data":[{"index":0,"url":"\#(address)\#(path)"}]}"#)
    case "/images", "/images/generations", "/images/edits":
      let count = (try? Value(json: request.body))?.table?["n"]?.integer ?? 1
      let data = (0..<count).map { _ in #"{"b64_json":"\#(image())","url":null}"# }
      return .json(200, #"{"created":1,"data":[\#(data.joined(separator: ","))]}"#)
    default: return .json(404, "{}")
    }
  }

  /// A video that was made, or an image at an address.
  private func known(_ route: String) -> StubServer.Answer {
    let words = route.split(separator: "/")
    switch (words.first, words.count) {
    case ("videos", 2):
      return .json(200, #"{"id":"\#(words[1])","status":"completed","progress":100,"error":null}"#)
    case ("videos", 3): return .full(status: 200, body: film(String(words[1])))
    case ("generated-images", 2):
      return .full(status: 200, body: TinyImage.png + Array(route.utf8))
    // The questions that follow an error.
    case ("options", 1): return .json(200, "{}")
    default: return .json(404, "{}")
    }
  }

  private func next() -> Int {
    made.withLock { made in
      made += 1
      return made
    }
  }

  private func image() -> String {
    Data(TinyImage.png + Array("image \(next())".utf8)).base64EncodedString()
  }

  /// A film with a box of its own that no reader looks into.
  private func film(_ id: String) -> [UInt8] {
    let size = UInt32(8 + id.utf8.count)
    return SampleMedia.mp4
      + (0..<4).reversed().map { UInt8(size >> (8 * $0) & 0xFF) } + Array("free\(id)".utf8)
  }
}
