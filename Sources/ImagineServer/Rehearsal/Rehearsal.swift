import HTTPTypes
import Hummingbird
import ImagineCore
import NIOCore
import ServiceLifecycle
import Synchronization

/// Makes a service misbehave as planned, and counts what it would have billed.
final class Rehearsal: Sendable {
  /// What one token was charged: calls whose work was done, whether or not their answer arrived.
  struct Charges: Sendable, Encodable {
    var charges = 0
    var byRoute: [String: Int] = [:]

    enum CodingKeys: String, CodingKey {
      case charges
      case byRoute = "by_route"
    }
  }

  /// Bytes of a body that is worked on twice.
  private static let mostBytes = 64 << 20

  private struct State {
    /// Matching calls so far, by the fault's place in the plan.
    var calls: [Int]
    var charges: [String: Charges] = [:]
  }

  private let faults: [RehearsalPlan.Fault]
  private let state: Mutex<State>

  init(_ plan: RehearsalPlan) {
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

  /// Answers a request with `work`, or as the first fault that is due wants it.
  func answer(_ call: Call, work: (Call) async throws -> Response) async throws -> Response {
    guard let fault = nextFault(for: call.request) else { return try await work(call) }
    if let delay = fault.delay { try await Task.sleep(for: .seconds(delay)) }
    if fault.close == .before { return await call.context.closeConnection() }
    if let refusal = fault.refusal(in: Dialect(path: call.request.uri.path)) { return refusal }
    var response: Response
    if fault.duplicate {
      var request = call.request
      _ = try await request.collectBody(upTo: Self.mostBytes)
      _ = try await work(call.with(request))
      response = try await work(call.with(request))
    } else {
      response = try await work(call)
    }
    if fault.close == .after { return await call.context.closeConnection() }
    if let way = fault.body { response.body = response.body.breaking(way, call.context) }
    return response
  }

  private func nextFault(for request: Request) -> RehearsalPlan.Fault? {
    state.withLock { state in
      var due: RehearsalPlan.Fault?
      for (index, fault) in faults.enumerated()
      where fault.matches(method: request.method.rawValue, path: request.uri.path) {
        if due == nil, fault.isDue(at: state.calls[index]) { due = fault }
        state.calls[index] += 1
      }
      return due
    }
  }
}

extension RehearsalPlan.Fault {
  /// The answer that stands in place of the work, where there is one.
  ///
  /// A status without a code is answered as by something between client and service that knows
  /// neither API: a line of text.
  fileprivate func refusal(in dialect: Dialect) -> Response? {
    var response: Response
    if let code {
      let row = ServiceFault.with(code: code)
      response = .failure(
        Failure(
          row ?? ServiceFault(code, status ?? 500, "Rehearsed", "rehearsed", .server),
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
  /// Ends the connection; the answer that is given back goes nowhere.
  fileprivate func closeConnection() async -> Response {
    try? await channel.close()
    return Response(status: .ok)
  }

  /// Waits until what was written has left for the network.
  fileprivate func drain() async throws {
    while channel.isActive,
      try await channel.getOption(ChannelOptions.bufferedWritableBytes).get() > 0
    {
      try await Task.sleep(for: .milliseconds(1))
    }
  }
}

extension ResponseBody {
  /// The same body, of which only the first half is sent.
  fileprivate func breaking(_ way: RehearsalPlan.Body, _ context: ConnectionContext) -> ResponseBody
  {
    let length = contentLength
    return ResponseBody(contentLength: length) { writer in
      let collector = FirstHalf(bytes: (length ?? 0) / 2)
      try await self.write(collector)
      try await writer.write(collector.bytes)
      try await context.drain()
      if way == .stall {
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

/// Keeps the first bytes of a body.
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
