import ImagineCore

/// Fetches a file from the web: by an address that a service or a script gave.
///
/// A download costs nothing, so it is tried again by itself: from where it broke off, where the
/// server can do that and the file is still the same, else from its start. What arrives is checked
/// for its length, and is in the store whole or not at all.
struct Download {
  let transport: HTTPTransport
  let source: Source
  let store: any AssetStore
  var policy = RetryPolicy()
  /// Of the wait that the download is part of.
  var deadline: Deadline?

  /// The most bytes of a service's file that are taken: far more than any film of its length.
  static let mostBytes = 4 << 30

  private static let mostRedirects = 5

  /// Who gave the address, which decides where it may lead and what is shown there.
  enum Source: Sendable {
    /// A service: anywhere on the web, or to its own Unix socket; its key goes to its own origin.
    case service(Endpoint)
    /// A script: where only the two ends can read along. No key goes anywhere. At most so many
    /// bytes are taken.
    case script(limit: Int)
  }

  func fetch(_ address: String) async throws -> Asset {
    let file = Arriving(store)
    defer { file.discard() }
    var attempt = 1
    while true {
      do {
        return try await follow(address, into: file)
      } catch let error as ImagineError {
        guard let pause = policy.pause(after: error, attempt: attempt),
          pause < deadline?.left ?? .infinity
        else { throw error }
        do { try await Task.sleep(for: .clamped(seconds: pause)) } catch { throw error }
        attempt += 1
      }
    }
  }

  private func follow(_ address: String, into file: Arriving) async throws -> Asset {
    var address = address
    let first = Origin(address)
    for _ in 0...Self.mostRedirects {
      try check(address, from: first)
      switch try await get(address, into: file) {
      case .arrived(let asset): return asset
      case .elsewhere(let next): address = next
      }
    }
    throw ImagineError(
      .badResponse, "the download was redirected more than \(Self.mostRedirects) times")
  }

  private enum Step: Sendable {
    case arrived(Asset)
    case elsewhere(String)
  }

  /// A remote answer may lead to any web address, and to a socket on this machine never.
  private func check(_ address: String, from first: Origin?) throws(ImagineError) {
    switch (source, Origin(address)) {
    case (.service, nil):
      throw ImagineError(.badResponse, "the service gave a download address that is none")
    case (.service(let endpoint), let origin?):
      guard origin.isWeb || (origin.isUnixSocket && origin == Origin(endpoint.baseURL)) else {
        throw ImagineError(
          .badResponse, "the service gave a download address of a kind that is not followed")
      }
    case (.script, let origin):
      // What is asked for elsewhere must not lead back to what runs on this machine.
      let isOwn = origin?.scheme == "http" && origin?.isLoopback == true
      guard origin?.isEncrypted == true || (isOwn && first?.isLoopback == true) else {
        throw .invalid(
          field: "address", given: "\"\(WebAddress.withoutQuery(address))\"",
          expected: "an https address, or http on this machine")
      }
    }
  }

  private func authorization(for address: String) -> String? {
    if case .service(let endpoint) = source { endpoint.authorization(for: address) } else { nil }
  }

  /// The most bytes that are taken.
  private var limit: Int {
    if case .script(let limit) = source { limit } else { Self.mostBytes }
  }

  private func get(_ address: String, into file: Arriving) async throws -> Step {
    var call = HTTPTransport.Call(
      method: "GET", address: address, endpoint: "GET of a finished file",
      authorization: authorization(for: address),
      limit: TimeLimit(
        total: transport.timeouts.download, silence: transport.timeouts.stall, deadline: deadline))
    // Ranges and lengths are those of the file as it is.
    call.headers = ["Accept-Encoding": "identity"]
    call.headers.merge(file.missingRange ?? [:]) { $1 }
    return try await transport.perform(call) { answer in
      if let next = answer.location { return .elsewhere(next) }
      guard try file.begins(with: answer) else {
        throw answer.fault(try await answer.beginning())
      }
      try file.check(limit)
      try await answer.forEachPiece(upTo: .max) {
        try file.write($0)
        try file.check(limit)
      }
      return .arrived(try await file.commit(after: answer))
    }
  }
}

/// A file on its way into the store, over as many answers as it takes.
///
/// `@unchecked Sendable`: a download makes one request at a time, and only that request's reader
/// touches it.
private final class Arriving: @unchecked Sendable {
  private let store: any AssetStore
  private var writer: (any AssetWriter)?
  private var received = 0
  private var length: Int?
  /// What the server calls this version of the file; a rest of another version does not fit.
  private var version: String?

  init(_ store: any AssetStore) { self.store = store }

  /// The headers that ask for the rest; nil where all of it is wanted.
  var missingRange: [String: String]? {
    guard received > 0, let version else { return nil }
    return ["Range": "bytes=\(received)-", "If-Range": version]
  }

  /// Prepares for the body of an answer. False where it has none of the file.
  func begins(with answer: HTTPAnswer) throws -> Bool {
    switch answer.status {
    case 206 where answer.header("Content-Range")?.hasPrefix("bytes \(received)-") == true:
      return true
    case 200..<300 where answer.status != 206:
      discard()
      writer = try store.makeWriter()
      length = answer.length
      version =
        answer.isCompressed ? nil : answer.header("ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
      return true
    default:
      return false
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writer?.write(bytes)
    received += bytes.count
  }

  /// - Throws: ``ImagineError`` of kind `io` where the file is, or will be, larger than it may be.
  func check(_ limit: Int) throws(ImagineError) {
    guard max(received, length ?? 0) > limit else { return }
    throw ImagineError(.io, "the file is larger than \(limit >> 20) MiB")
  }

  func commit(after answer: HTTPAnswer) async throws -> Asset {
    guard let writer, length == nil || length == received else {
      throw ImagineError(
        .connection, "the download ended after \(received) of \(length ?? 0) bytes",
        retryable: true, endpoint: answer.call.endpoint)
    }
    self.writer = nil
    do {
      return try await writer.commit()
    } catch var error as ImagineError where error.kind == .badResponse && length == nil {
      // Nothing told the length: the connection may have broken.
      error.retryable = true
      throw error
    }
  }

  func discard() {
    writer?.discard()
    writer = nil
    received = 0
  }
}
