import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Knows of each request whether its head may have been written to the network.
///
/// This one fact decides what a fault means for money. It is asked of the connection and not of
/// the error, since the same error (a reset, an unclean TLS shutdown) arises before and after the
/// send. It is settled once: either ``SendWitness`` marks a request as written before the first
/// byte leaves, or the caller gives it up, and then the connection refuses to write it. So a request
/// that was reported as unsent is not sent a moment later.
final class SendRecord: Sendable {
  private struct State {
    var lastID: UInt64 = 0
    /// Whether each open request was written.
    var isWritten: [UInt64: Bool] = [:]
  }

  private let state = Mutex(State())

  /// Opens a request.
  func begin() -> UInt64 {
    state.withLock { state in
      state.lastID += 1
      state.isWritten[state.lastID] = false
      return state.lastID
    }
  }

  /// - Returns: false where nobody waits for the request any more: it must not be written.
  func willWrite(_ id: UInt64) -> Bool {
    state.withLock { state in
      guard state.isWritten[id] != nil else { return false }
      state.isWritten[id] = true
      return true
    }
  }

  /// Closes a request.
  ///
  /// - Returns: whether its head may have been written. If not, it never will be.
  func end(_ id: UInt64) -> Bool {
    state.withLock { $0.isWritten.removeValue(forKey: id) ?? true }
  }
}

/// Stands in each connection in front of the encoder and marks requests as written.
final class SendWitness: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  /// Carries a request's number from the caller to this handler, which takes it out: it is never
  /// sent.
  static let header = "Imagine-Send-Number"

  private let record: SendRecord
  private var hasRefused = false

  init(_ record: SendRecord) { self.record = record }

  /// Puts a witness into a new connection, before any request can be written.
  static func install(in channel: any Channel, _ record: SendRecord) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
      try pipeline.addHandler(SendWitness(record), position: .after(encoder))
      try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
        NetworkThreads.closeOnExec($0)
      }
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !hasRefused else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    guard case .head(var head) = unwrapOutboundIn(data) else {
      context.write(data, promise: promise)
      return
    }
    let id = head.headers.first(name: Self.header).flatMap { UInt64($0) }
    head.headers.remove(name: Self.header)
    guard let id, record.willWrite(id) else {
      hasRefused = true
      promise?.fail(ChannelError.ioOnClosedChannel)
      context.close(promise: nil)
      return
    }
    context.write(wrapOutboundOut(.head(head)), promise: promise)
  }

  /// A peer that ends TLS without saying so ends the connection, like one that speaks plain TCP.
  /// The end of the channel follows and is judged by the answer's framing; the library would throw
  /// away what has arrived.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case NIOSSLError.uncleanShutdown = error { return }
    context.fireErrorCaught(error)
  }
}
