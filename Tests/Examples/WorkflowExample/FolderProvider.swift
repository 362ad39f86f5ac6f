import Foundation
import ImagineAPI

// [provider]
/// A provider of the program's own: a service whose jobs are files in a folder.
///
/// With tickets the host chooses the id of each job before it is sent, and finds the job by it
/// after a crash. Without, the answer comes at once, and a crash in between leaves the call
/// uncertain.
struct FolderProvider: Provider {
  let profile: ProviderProfile
  private let folder: URL

  init(_ folder: String, takesTickets: Bool) throws {
    self.folder = URL(fileURLWithPath: folder)
    let draw = MediaOperation(
      "generate", title: "Draw", path: "/draw", answer: .image, summary: "draws a prompt",
      fields: [Field("prompt", .text, .required, summary: "what to draw")])
    profile = ProviderProfile(
      name: "folder", kind: "folder", operations: [draw],
      prices: try PriceList(["generate": 2], unit: Price.tokens, of: [draw]),
      polling: JobPolling(firstPause: 0.01, maxPause: 0.05), takesTickets: takesTickets)
  }

  func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let id = context.ticket?.id ?? UUID().uuidString
    // From here on the service bills the call.
    try Data(drawing(of: request.prompt ?? "")).write(to: file(of: id), options: .atomic)
    guard profile.takesTickets else {
      return .finished(Answer([Output(asset: try await download(id, context))]))
    }
    return .running(JobStatus(id: id, state: .queued))
  }

  func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    guard FileManager.default.fileExists(atPath: file(of: ticket.id).path) else {
      throw ImagineError(.notFound, "there is no drawing \(ticket.id)")
    }
    var status = JobStatus(id: ticket.id, state: .finished)
    status.imageAddresses = [ticket.id]
    return status
  }

  func download(_ address: String, _ context: CallContext) async throws -> Asset {
    guard let bytes = try? Data(contentsOf: file(of: address)) else {
      throw ImagineError(.notFound, "there is no drawing \(address)")
    }
    return try await context.store.store(Array(bytes))
  }

  func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    try FileManager.default.removeItem(at: file(of: ticket.id))
  }

  private func file(of id: String) -> URL { folder.appendingPathComponent("\(id).gif") }

  /// A GIF of one pixel, whose colour depends on the prompt.
  private func drawing(of prompt: String) -> [UInt8] {
    let sum = prompt.utf8.reduce(UInt32(17)) { $0 &* 31 &+ UInt32($1) }
    let colour = (0..<3).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    return Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0] + colour + [0, 0, 0]
      + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B]
  }
}
// [end]
