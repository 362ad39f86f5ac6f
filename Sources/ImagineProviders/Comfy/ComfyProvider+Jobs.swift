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
      progress.end(id)
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
      return await status(ComfyJob(job: job), of: id, ticket, context)
    }
    // A prompt goes from the queue to the history, so nothing is missed in this order.
    if let queue = try await json("GET", "/queue", context),
      let job = ComfyJob(of: id, queue: queue)
    {
      return await status(job, of: id, ticket, context)
    }
    guard let entry = try await json("GET", "/history/\(id)", context)?[id] else { return nil }
    return await status(ComfyJob(historyEntry: entry), of: id, ticket, context)
  }

  private func status(
    _ job: ComfyJob, of id: String, _ ticket: Ticket, _ context: CallContext
  ) async -> JobStatus {
    var status = JobStatus(id: ticket.id, state: job.state, createdAt: job.createdAt)
    status.undocumentedState = job.undocumentedState
    status.failure = job.failure
    if job.state == .processing { status.progress = await progress(of: id, job, context) }
    if job.state.isFinal { progress.end(id) }
    guard job.state == .finished else { return status }
    let outputs = Set(service.workflows.values.map(\.output))
    guard let file = job.files(of: id, at: outputs).first else {
      status.state = .failed
      status.failure =
        "the server completed it without a file of the output"
        + (outputs.count == 1 ? ", node \(outputs.joined())" : "")
        + (job.nodes.isEmpty ? "" : "; files came from: \(job.nodes.joined(separator: ", "))")
        + "; a node without `filename_prefix` makes none if the server has its result cached"
      return status
    }
    let address = endpoint.address(
      "/view", [("filename", file.name), ("subfolder", file.subfolder), ("type", file.type)])
    if file.isVideo { status.videoAddress = address } else { status.imageAddresses = [address] }
    return status
  }

  /// The progress of a prompt that runs; nil if the server does not tell.
  private func progress(of id: String, _ job: ComfyJob, _ context: CallContext) async -> Double? {
    if !progress.isWatched(id) {
      var graph = job.graph
      // Some versions of the jobs API leave it out.
      if graph == nil, let queue = try? await json("GET", "/queue", context) {
        graph = ComfyJob(of: id, queue: queue)?.graph
      }
      if let graph { progress.watch(id, graph) }
    }
    return progress.part(of: id)
  }

  /// Takes a prompt of ours from the queue, or interrupts it.
  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    let id = try WebAddress.pathComponent(Self.promptID(ticket))
    progress.end(id)
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
