import HTTPTypes
import Hummingbird
import ImagineAPI
import NIOCore
import ServiceLifecycle
import Synchronization

/// Injects the faults of a plan, and counts the calls that would have been billed.
final class FaultInjection: Sendable {
  /// The charges of one token: calls whose work was done, whether or not the answer arrived.
  struct Charges: Sendable, Encodable {
    var charges = 0
    var byRoute: [String: Int] = [:]

    enum CodingKeys: String, CodingKey {
      case charges
      case byRoute = "by_route"
    }
  }

  /// Size limit of a body that is processed twice, in bytes.
  private static let maxDuplicatedBytes = 64 << 20

  private struct State {
    /// Matching calls so far, by the fault's index in the plan.
    var calls: [Int]
    var charges: [String: Charges] = [:]
  }

  private let faults: [FaultPlan.Fault]
  private let state: Mutex<State>

  init(_ plan: FaultPlan) {
    faults = plan.faults
    state = Mutex(State(calls: plan.faults.map { _ in 0 }))
  }

  /// Counts a call whose work was done.
  func charge(_ account: Account, route: String) {
    state.withLock { state in
      state.charges[account.id, default: Charges()].charges += 1
      state.charges[account.id, default: Charges()].byRoute[route, default: 0] += 1
    }
  }

  func charges(of account: Account) -> Charges {
    state.withLock { $0.charges[account.id] ?? Charges() }
  }

  /// Answers a request with `work`, or as the first fault that is due requires.
  func answer(_ incoming: IncomingRequest, work: Handler) async throws -> Response {
    guard let fault = nextFault(for: incoming.http) else { return try await work(incoming) }
    let context = incoming.context
    if let delay = fault.delay { try await Task.sleep(for: .seconds(delay)) }
    if fault.close == .before { return await context.closeConnection() }
    if let error = fault.errorResponse(in: Dialect(path: incoming.http.uri.path)) { return error }
    var response: Response
    if fault.duplicate {
      var incoming = incoming
      _ = try await incoming.http.collectBody(upTo: Self.maxDuplicatedBytes)
      _ = try await work(incoming)
      response = try await work(incoming)
    } else {
      response = try await work(incoming)
    }
    if fault.close == .after { return await context.closeConnection() }
    if let body = fault.body { response.body = response.body.broken(body, context) }
    return response
  }

  private func nextFault(for request: Request) -> FaultPlan.Fault? {
    state.withLock { state in
      var due: FaultPlan.Fault?
      for (index, fault) in faults.enumerated()
      where fault.matches(method: request.method.rawValue, path: request.uri.path) {
        if due == nil, fault.isDue(at: state.calls[index]) { due = fault }
        state.calls[index] += 1
      }
      return due
    }
  }
}

extension FaultPlan.Fault {
  /// The error answer that replaces the work, if the fault has one.
  ///
  /// A status without a code imitates a proxy that knows neither API: a line of plain text.
  fileprivate func errorResponse(in dialect: Dialect) -> Response? {
    var response: Response
    if let code {
      let row = APIErrorCode.with(code: code)
      response = .error(
        APIError(
          row ?? APIErrorCode(code, status ?? 500, "Rehearsed", "rehearsed", .server),
          row?.meaning ?? "rehearsed", status: status),
        in: dialect)
    } else if let status {
      response = Response(
        status: .init(code: status), headers: [.contentType: "text/plain"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: "rehearsed \(status)\n")))
    } else {
      return nil
    }
    if let retryAfter {
      let isWhole = retryAfter == retryAfter.rounded()
      response.headers[.retryAfter] = isWhole ? String(Int(retryAfter)) : String(retryAfter)
    }
    return response
  }
}

extension ConnectionContext {
  /// Closes the connection. The returned answer is not sent.
  fileprivate func closeConnection() async -> Response {
    try? await channel.close()
    return Response(status: .ok)
  }

  /// Waits until all written bytes have been sent to the network.
  fileprivate func drain() async throws {
    while channel.isActive,
      try await channel.getOption(ChannelOptions.bufferedWritableBytes).get() > 0
    {
      try await Task.sleep(for: .milliseconds(1))
    }
  }
}

extension ResponseBody {
  /// A body that sends only the first half.
  fileprivate func broken(_ fault: FaultPlan.Body, _ context: ConnectionContext) -> ResponseBody {
    let length = contentLength
    return ResponseBody(contentLength: length) { writer in
      let collector = FirstHalf(bytes: (length ?? 0) / 2)
      try await self.write(collector)
      try await writer.write(collector.bytes)
      try await context.drain()
      if fault == .stall {
        try await withGracefulShutdownHandler {
          try await context.channel.closeFuture.get()
        } onGracefulShutdown: {
          context.channel.close(promise: nil)
        }
      }
      try await context.channel.close()
    }
  }
}

/// Collects the first half of a body.
private final class FirstHalf: ResponseBodyWriter {
  private(set) var bytes = ByteBuffer()
  private let limit: Int

  init(bytes limit: Int) {
    self.limit = limit
  }

  func write(_ buffer: ByteBuffer) {
    bytes.writeBytes(buffer.readableBytesView.prefix(limit - bytes.readableBytes))
  }

  func finish(_ trailingHeaders: HTTPFields?) {}
}
