import ImagineAPI

/// A prompt at the server.
struct ComfyJob {
  struct File: Hashable {
    let node: String
    let name: String
    let subfolder: String
    let type: String

    private static let videoSuffixes = [".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi"]

    var isVideo: Bool {
      let name = name.lowercased()
      return Self.videoSuffixes.contains { name.hasSuffix($0) }
    }
  }

  let state: JobState
  private(set) var createdAt: String?
  private(set) var failure: String?
  private(set) var undocumentedState: String?
  /// What the server runs; nil if it does not tell.
  private(set) var graph: JSONValue?
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
    graph = job["workflow"]?["prompt"]
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

  /// The prompt in an answer of `/queue`, whose entries are lists with the id and the graph in the
  /// second and third place; nil if it is not there.
  init?(of id: String, queue: JSONValue) {
    for (name, state) in [("queue_running", JobState.processing), ("queue_pending", .queued)] {
      let entries = queue[name]?.list?.lazy.compactMap(\.list) ?? nil
      guard let entry = entries?.first(where: { $0.dropFirst().first?.text == id }) else {
        continue
      }
      self.init(state)
      graph = entry.dropFirst(2).first
      return
    }
    return nil
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
