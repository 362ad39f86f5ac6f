public import ImagineAPI

/// Prompts in the server's queue and history.
extension ComfyProvider {
  /// Asks the jobs API, else queue and history, which older servers have alone.
  ///
  /// - Throws: ``ImagineError`` of kind `notFound` for a prompt that the server did not know when it
  ///   was asked twice.
  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let id = try WebAddress.pathComponent(Self.promptID(ticket))
    for isFirst in [true, false] {
      if let status = try await status(of: id, ticket, context) { return status }
      if isFirst { try await Task.sleep(for: .clamped(seconds: secondLook)) }
    }
    throw ImagineError(
      .notFound,
      "the server at \(endpoint.baseURL) does not know the prompt \(id): it was restarted, its"
        + " queue or history was cleared, or the prompt was never received",
      job: ticket.id)
  }

  /// Nil if the server does not know the prompt.
  private func status(
    of id: String, _ ticket: Ticket, _ context: CallContext
  ) async throws -> JobStatus? {
    if let job = try await json("GET", "/api/jobs/\(id)", context), job["status"] != nil {
      return status(ComfyJob(job: job), of: id, ticket)
    }
    // A prompt goes from the queue to the history, so nothing is missed in this order.
    if let queue = try await json("GET", "/queue", context),
      let job = ComfyJob(of: id, queue: queue)
    {
      return status(job, of: id, ticket)
    }
    guard let entry = try await json("GET", "/history/\(id)", context)?[id] else { return nil }
    return status(ComfyJob(historyEntry: entry), of: id, ticket)
  }

  private func status(_ job: ComfyJob, of id: String, _ ticket: Ticket) -> JobStatus {
    var status = JobStatus(id: ticket.id, state: job.state, createdAt: job.createdAt)
    status.undocumentedState = job.undocumentedState
    status.failure = job.failure
    guard job.state == .finished else { return status }
    let outputs = Set(service.workflows.values.map(\.output))
    let files = job.files(of: id, at: outputs)
    let addresses = files.map { file in
      endpoint.address(
        "/view",
        [("filename", file.name), ("subfolder", file.subfolder), ("type", file.type)])
    }
    guard let first = addresses.first else {
      status.state = .failed
      status.failure =
        "the server completed it without a file of the output"
        + (outputs.count == 1 ? ", node \(outputs.joined())" : "")
        + (job.nodes.isEmpty ? "" : "; files came from: \(job.nodes.joined(separator: ", "))")
        + "; a node without `filename_prefix` makes none if the server has its result cached"
      return status
    }
    status.imageAddresses = [first]
    status.videoAddress = first
    return status
  }

  /// Takes a prompt of ours from the queue, or interrupts it.
  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    let id = try WebAddress.pathComponent(Self.promptID(ticket))
    if let answer = try await json("POST", "/api/jobs/\(id)/cancel", body: [:], context),
      answer["cancelled"] != nil
    {
      return
    }
    _ = try await json("POST", "/queue", body: ["delete": [.text(id)]], context)
    // Servers before this parameter interrupt whatever runs.
    guard let queue = try await json("GET", "/queue", context),
      ComfyJob(of: id, queue: queue)?.state == .processing
    else { return }
    _ = try await json("POST", "/interrupt", body: ["prompt_id": .text(id)], context)
  }
}

/// A prompt at the server.
struct ComfyJob {
  struct File: Hashable {
    let node: String
    let name: String
    let subfolder: String
    let type: String
  }

  let state: JobState
  private(set) var createdAt: String?
  private(set) var failure: String?
  private(set) var undocumentedState: String?
  private var files: [File] = []

  private init(_ state: JobState) { self.state = state }

  /// An answer of `/api/jobs/{id}`.
  init(job: JSONValue) {
    let word = job["status"]?.text ?? ""
    let states: [String: JobState] = [
      "pending": .queued, "in_progress": .processing, "completed": .finished, "failed": .failed,
      "cancelled": .cancelled,
    ]
    self.init(states[word] ?? .processing)
    if states[word] == nil { undocumentedState = word }
    createdAt = job["create_time"]?.identifier
    if state == .failed { failure = job["execution_error"].map(Self.failure) }
    files = Self.files(job["outputs"])
  }

  /// An entry of `/history`.
  init(historyEntry entry: JSONValue) {
    let messages = entry["status"]?["messages"]?.list ?? []
    func message(_ name: String) -> JSONValue? {
      messages.lazy.compactMap(\.list).first { $0.first?.text == name }?.dropFirst().first
    }
    if message("execution_interrupted") != nil {
      self.init(.cancelled)
    } else if let error = message("execution_error") {
      self.init(.failed)
      failure = Self.failure(error)
    } else {
      self.init(entry["status"]?["status_str"]?.text == "error" ? .failed : .finished)
    }
    files = Self.files(entry["outputs"])
  }

  /// The prompt in an answer of `/queue`, whose entries are lists with the id in the second place;
  /// nil if it is not there.
  init?(of id: String, queue: JSONValue) {
    func has(_ name: String) -> Bool {
      queue[name]?.list?.contains { entry in entry.list?.dropFirst().first?.text == id } ?? false
    }
    if has("queue_running") {
      self.init(.processing)
    } else if has("queue_pending") {
      self.init(.queued)
    } else {
      return nil
    }
  }

  /// The server's words about a node that failed.
  private static func failure(_ error: JSONValue) -> String {
    let node = error["node_id"]?.identifier.map { id in
      "node \(id)\(error["node_type"]?.text.map { " (\($0))" } ?? ""): "
    }
    let words = error[["exception_message", "message"]]?.text ?? error.text ?? "it failed"
    let type = error["exception_type"]?.text.map { " (\($0))" } ?? ""
    let line = words.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "\(node ?? "")\(line.prefix(600))\(type)"
  }

  private static func files(_ outputs: JSONValue?) -> [File] {
    guard case .object(let nodes)? = outputs else { return [] }
    return nodes.sorted { $0.key < $1.key }.flatMap { id, node -> [File] in
      guard case .object(let members) = node else { return [] }
      // Nodes call their lists `images`, `gifs`, `video` and others.
      return members.sorted { $0.key < $1.key }.flatMap { $0.value.list ?? [] }.compactMap { file in
        file["filename"]?.text.map {
          File(
            node: id, name: $0, subfolder: file["subfolder"]?.text ?? "",
            type: file["type"]?.text ?? "output")
        }
      }
    }
  }

  /// The nodes that have files, for messages.
  var nodes: [String] { Set(files.map(\.node)).sorted() }

  /// The files of the result: those whose name has the id, else those of the output's node.
  func files(of id: String, at outputs: Set<String>) -> [File] {
    let named = files.filter { $0.name.contains(id) }
    return named.isEmpty ? files.filter { outputs.contains($0.node) } : named
  }
}
