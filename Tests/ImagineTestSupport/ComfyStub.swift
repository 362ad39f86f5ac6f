public import ImagineAPI
public import ImagineTesting
import Synchronization

/// A stub of ComfyUI: queue and history in memory, uploads, and the faults of real servers.
///
/// A prompt is queued when it is first asked about, then runs, then is finished; or finished at once.
public final class ComfyStub: Sendable {
  /// What happens to a prompt.
  public enum Fault: Sendable {
    /// Refused with 503.
    case busy
    /// Refused, because a node is of a class that the server does not have.
    case unknownNode
    /// Refused, because of the value of an input: node and input.
    case wrongValue(String, String)
    /// Accepted, but not for this output, because of an input of it.
    case ignoredOutput(String)
    /// The connection breaks before the prompt is queued, or after it.
    case neverReceived, answerLost
    /// The server is restarted and has an empty queue.
    case restarted
    /// It fails in a node.
    case failed
    /// Somebody interrupts it.
    case interrupted
    /// It is completed from the cache, without a file.
    case cached
  }

  /// How its WebSocket is.
  public enum Socket: Sendable {
    /// It has none, or ends each connection at once.
    case refused, lost
    /// It sends these messages, in which `ID` stands for the client's. A prompt ends only after its
    /// client has them.
    case texts([String])
  }

  private struct Prompt {
    let id: String
    let graph: [String: Value]
    var fault: Fault?
    var timesAsked = 0
  }

  private struct State {
    var faults: [Fault?] = []
    var prompts: [Prompt] = []
    var uploads: [String: [UInt8]] = [:]
    /// The clients that have heard everything.
    var told: Set<String> = []
  }

  private let state = Mutex(State())
  private let stub: Mutex<StubServer?> = Mutex(nil)
  private let hasJobs: Bool
  /// After how many questions a prompt is finished.
  private let asks: Int
  private let socket: Socket
  private let image: [UInt8]
  private let video: [UInt8]

  /// - Parameters:
  ///   - hasJobs: whether it has the jobs API of newer servers.
  ///   - asks: after how many questions a prompt is finished: 2, or 0.
  ///   - faults: those of its prompts in order; nil for none.
  ///   - image: the result of each prompt, before a text that differs.
  public init(
    hasJobs: Bool = true, asks: Int = 2, faults: [Fault?] = [], image: [UInt8] = SampleMedia.png,
    video: [UInt8] = SampleMedia.mp4, socket: Socket = .refused
  ) async throws {
    self.socket = socket
    self.hasJobs = hasJobs
    self.asks = asks
    self.image = image
    self.video = video
    state.withLock { $0.faults = faults }
    let server = try await StubServer { [weak self] in self?.answer(to: $0) ?? .close }
    stub.withLock { $0 = server }
  }

  public var address: String { stub.withLock { $0?.address ?? "" } }
  public var requests: [StubServer.Request] { stub.withLock { $0?.requests ?? [] } }
  public func close() async { await stub.withLock { $0 }?.close() }

  /// The graphs that were sent, in order, with their ids.
  public var sent: [(id: String, graph: Value)] {
    requests.filter { $0.method == "POST" && $0.target == "/prompt" }.compactMap { request in
      let body = (try? Value(json: request.body))?.table
      return body?["prompt_id"]?.text.map { ($0, body?["prompt"] ?? .null) }
    }
  }

  /// The names of the images that were uploaded.
  public var uploads: [String] { state.withLock { $0.uploads.keys.sorted() } }

  private func answer(to request: StubServer.Request) -> StubServer.Answer {
    let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
    let words = parts[0].split(separator: "/").map(String.init)
    switch (request.method, words.first ?? "", words.count) {
    case ("POST", "prompt", 1): return prompt(request.body)
    case ("POST", "upload", 2): return upload(request)
    case ("HEAD", "view", 1), ("GET", "view", 1): return view(request, query: parts.last ?? "")
    case ("GET", "models", 2): return .json(200, #"["a.safetensors","b.safetensors"]"#)
    case ("GET", "api", 3) where hasJobs && words[1] == "jobs": return job(words[2])
    case ("POST", "api", 4) where hasJobs && words[3] == "cancel":
      remove(words[2])
      return .json(200, #"{"cancelled":true}"#)
    case ("GET", "ws", 1): return listen(query: parts.last ?? "")
    case ("GET", "queue", 1): return queue()
    case ("POST", "queue", 1):
      return .full(status: 200, body: [])
    case ("POST", "interrupt", 1):
      if let id = (try? Value(json: request.body))?.table?["prompt_id"]?.text { remove(id) }
      return .full(status: 200, body: [])
    case ("GET", "history", 2): return history(words[1])
    default: return .full(status: 404, body: Array("404: Not Found".utf8))
    }
  }

  private func listen(query: String) -> StubServer.Answer {
    let (texts, continuation) = AsyncStream.makeStream(of: String.self)
    switch socket {
    case .refused: return .full(status: 403, body: [])
    case .lost: continuation.finish()
    case .texts(let messages):
      let client = query.split(separator: "=").last.map(String.init) ?? ""
      for message in messages { continuation.yield(message.replacing("ID", with: client)) }
      state.withLock { _ = $0.told.insert(client) }
    }
    return .webSocket(texts)
  }

  private func remove(_ id: String) {
    state.withLock { $0.prompts.removeAll { $0.id == id } }
  }

  private func prompt(_ body: [UInt8]) -> StubServer.Answer {
    guard let members = (try? Value(json: body))?.table, let id = members["prompt_id"]?.text,
      let graph = members["prompt"]?.table
    else { return .json(400, #"{"error":{"type":"no_prompt","message":"No prompt provided"}}"#) }
    return state.withLock { state in
      let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
      let type = { (node: String) in graph[node]?.table?["class_type"]?.text ?? "?" }
      switch fault {
      case .busy: return .full(status: 503, headers: ["retry-after": "0"], body: [])
      case .neverReceived: return .close
      case .unknownNode:
        return .json(
          400,
          #"{"error":{"type":"missing_node_type","message":"Node 'X' not found.","details":"Node ID '#7'"},"#
            + #""node_errors":{}}"#)
      case .wrongValue(let node, let input):
        return .json(
          400,
          #"{"error":{"type":"prompt_outputs_failed_validation","message":"Prompt outputs failed validation"},"#
            + #""node_errors":{"\#(node)":{"class_type":"\#(type(node))","dependent_outputs":["9"],"#
            + #""errors":[{"type":"value_not_in_list","message":"Value not in list","#
            + #""details":"\#(input): 'x' not in ['euler']","extra_info":{"input_name":"\#(input)"}}]}}}"#
        )
      default: break
      }
      state.prompts.append(Prompt(id: id, graph: graph, fault: fault))
      switch fault {
      case .answerLost: return .close
      case .restarted:
        state.prompts = []
        return .json(200, #"{"prompt_id":"\#(id)","number":1,"node_errors":{}}"#)
      case .ignoredOutput(let node):
        return .json(
          200,
          #"{"prompt_id":"\#(id)","number":1,"node_errors":{"\#(node)":{"class_type":"\#(type(node))","#
            + #""dependent_outputs":["\#(node)"],"errors":[{"message":"Required input is missing","details":"images"}]}}}"#
        )
      default: return .json(200, #"{"prompt_id":"\#(id)","number":1,"node_errors":{}}"#)
      }
    }
  }

  /// The prompt and how often it was asked about.
  private func asked(_ id: String) -> Prompt? {
    state.withLock { state in
      guard let index = state.prompts.firstIndex(where: { $0.id == id }) else { return nil }
      countQuestion(about: index, in: &state)
      return state.prompts[index]
    }
  }

  private func countQuestion(about index: Int, in state: inout State) {
    let prompt = state.prompts[index]
    if case .texts = socket, prompt.timesAsked == asks, !state.told.contains(prompt.id) { return }
    state.prompts[index].timesAsked += 1
  }

  private func job(_ id: String) -> StubServer.Answer {
    guard let prompt = asked(id) else { return .json(404, #"{"error":"Job not found"}"#) }
    func answer(_ status: String, _ more: String = "") -> StubServer.Answer {
      .json(200, #"{"id":"\#(id)","status":"\#(status)","create_time":1\#(more)}"#)
    }
    switch prompt.timesAsked {
    case ...asks where prompt.timesAsked == 1: return answer("pending")
    case ...asks: return answer("in_progress")
    default:
      switch prompt.fault {
      case .failed: return answer("failed", #","execution_error":\#(Self.failure)"#)
      case .interrupted: return answer("cancelled")
      default: return answer("completed", #","outputs":\#(outputs(of: prompt))"#)
      }
    }
  }

  private static let failure =
    #"{"node_id":"3","node_type":"KSampler","exception_type":"torch.OutOfMemoryError","#
    + #""exception_message":"out of\nmemory","traceback":[]}"#

  /// The file's name has the prefix of the node that saves it.
  private func outputs(of prompt: Prompt) -> String {
    if case .cached = prompt.fault { return "{}" }
    let files = prompt.graph.compactMap { id, node -> String? in
      guard let prefix = node.table?["inputs"]?.table?["filename_prefix"]?.text else { return nil }
      let isVideo = node.table?["class_type"]?.text == "SaveVideo"
      let name = "\(prefix.split(separator: "/").last ?? "")_00001_.\(isVideo ? "mp4" : "png")"
      return #""\#(id)":{"images":[{"filename":"\#(name)","subfolder":"","type":"output"}]}"#
    }
    return "{\(files.joined(separator: ","))}"
  }

  private func queue() -> StubServer.Answer {
    let lists = state.withLock { state -> (running: [String], pending: [String]) in
      if !hasJobs {
        for index in state.prompts.indices { countQuestion(about: index, in: &state) }
      }
      func entries(_ time: Int) -> [String] {
        state.prompts.filter { $0.timesAsked == time && time <= asks }.map {
          #"[1,"\#($0.id)",\#(Value.table($0.graph).json),{},["9"]]"#
        }
      }
      // Somebody else's prompt is there too.
      return (entries(2), entries(1) + [#"[2,"another",{},{},[]]"#])
    }
    return .json(
      200,
      #"{"queue_running":[\#(lists.running.joined(separator: ","))],"#
        + #""queue_pending":[\#(lists.pending.joined(separator: ","))]}"#)
  }

  private func history(_ id: String) -> StubServer.Answer {
    guard let prompt = state.withLock({ $0.prompts.first { $0.id == id && $0.timesAsked > asks } })
    else { return .json(200, "{}") }
    let (status, message) =
      switch prompt.fault {
      case .failed: ("error", #"["execution_error",\#(Self.failure)]"#)
      case .interrupted: ("error", #"["execution_interrupted",{"node_id":"3"}]"#)
      default: ("success", #"["execution_success",{}]"#)
      }
    return .json(
      200,
      #"{"\#(id)":{"prompt":[1,"\#(id)",{},{},["9"]],"outputs":\#(outputs(of: prompt)),"#
        + #""status":{"status_str":"\#(status)","completed":true,"messages":[["execution_start",{}],\#(message)]}}}"#
    )
  }

  private func upload(_ request: StubServer.Request) -> StubServer.Answer {
    let text = String(decoding: request.body, as: UTF8.self)
    guard let start = text.firstRange(of: "filename=\""),
      let end = text[start.upperBound...].firstIndex(of: "\""),
      let head = request.body.firstRange(of: Array("\r\n\r\n".utf8)),
      let tail = request.body[head.upperBound...].firstRange(of: Array("\r\n--".utf8))
    else { return .full(status: 400, body: []) }
    let name = String(text[start.upperBound..<end])
    let file = Array(request.body[head.upperBound..<tail.lowerBound])
    state.withLock { $0.uploads[name] = file }
    return .json(200, #"{"name":"\#(name)","subfolder":"","type":"input"}"#)
  }

  private func view(_ request: StubServer.Request, query: String) -> StubServer.Answer {
    var parameters: [String: String] = [:]
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      parameters[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
    let name = parameters["filename"] ?? ""
    if parameters["type"] == "input" {
      guard let file = state.withLock({ $0.uploads[name] }) else {
        return .full(status: 404, body: [])
      }
      return request.method == "HEAD"
        ? .cut(length: file.count, body: [], headers: ["connection": "close"])
        : .full(status: 200, body: file)
    }
    guard
      let id = state.withLock({ state in
        state.prompts.first { name.contains($0.id) }?.id
      })
    else { return .full(status: 404, body: []) }
    return .full(
      status: 200, body: name.hasSuffix(".mp4") ? video : image + Array(id.utf8))
  }
}
