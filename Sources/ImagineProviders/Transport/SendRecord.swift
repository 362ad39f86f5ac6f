import ImagineSystem
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Records for each request whether its head may have been written to the network.
///
/// Only this decides whether a failed call was charged. The connection tells it, not the error,
/// since the same error (a reset, an unclean TLS shutdown) occurs before and after the send. It is
/// decided once: either ``SendRecordHandler`` marks a request as written before its first byte
/// leaves, or the caller ends the request and the connection then refuses to write it. So a request
/// that was reported as unsent is not sent a moment later.
final class SendRecord: Sendable {
  private struct State {
    var lastID: UInt64 = 0
    /// By open request: whether it was written.
    var isWritten: [UInt64: Bool] = [:]
  }

  private let state = Mutex(State())

  /// Registers a request.
  func begin() -> UInt64 {
    state.withLock { state in
      state.lastID += 1
      state.isWritten[state.lastID] = false
      return state.lastID
    }
  }

  /// - Returns: false if the request has ended: it must not be written.
  func willWrite(_ id: UInt64) -> Bool {
    state.withLock { state in
      guard state.isWritten[id] != nil else { return false }
      state.isWritten[id] = true
      return true
    }
  }

  /// Ends a request.
  ///
  /// - Returns: whether its head may have been written. If not, it never will be.
  func end(_ id: UInt64) -> Bool {
    state.withLock { $0.isWritten.removeValue(forKey: id) ?? true }
  }
}

/// Channel handler before the encoder of each connection; marks requests as written.
final class SendRecordHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  /// Header with the request's number for this handler, which removes it: it is never sent.
  static let header = "Imagine-Send-Number"

  /// Header with the address that a proxy is sent as the request's target; the handler removes it.
  static let target = "Imagine-Target"

  private let record: SendRecord
  private var hasRefused = false

  init(_ record: SendRecord) { self.record = record }

  /// Adds the handler to a new connection, before any request can be written.
  static func install(in channel: any Channel, _ record: SendRecord) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
      try pipeline.addHandler(SendRecordHandler(record), position: .after(encoder))
      try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
        ProcessState.closeOnExec($0)
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
    if let target = head.headers.first(name: Self.target) {
      head.uri = target
      head.headers.remove(name: Self.target)
    }
    guard let id, record.willWrite(id) else {
      hasRefused = true
      promise?.fail(ChannelError.ioOnClosedChannel)
      context.close(promise: nil)
      return
    }
    context.write(wrapOutboundOut(.head(head)), promise: promise)
  }

  /// Treats an unclean TLS shutdown like the end of a plain TCP connection. The channel's end
  /// follows, and the answer's framing decides whether it is complete; the library would discard
  /// the received bytes.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case NIOSSLError.uncleanShutdown = error { return }
    context.fireErrorCaught(error)
  }
}
