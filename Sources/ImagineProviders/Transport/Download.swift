import ImagineAPI

/// Downloads a file from an address that a service or a script gave.
///
/// Downloads are free, so they are retried here. A retry resumes with a range request if the server
/// supports it and the file is unchanged; otherwise it starts again. The length is checked; the
/// stored file is complete or absent.
struct Download {
  let transport: HTTPTransport
  let source: Source
  let store: any MediaStore
  var policy = RetryPolicy()
  /// The deadline of the wait that the download is part of.
  var deadline: Deadline?

  /// The maximum size of a service's file in bytes: far more than any video has.
  static let maxBytes = 4 << 30

  private static let maxRedirects = 5

  /// Source of the address; decides where it may lead and which key is sent.
  enum Source: Sendable {
    /// A service: any web address, or its own Unix socket. Its key is sent only to its own origin.
    case service(Endpoint)
    /// A script: encrypted, or on this machine. No key is sent. `limit` is the maximum size in
    /// bytes.
    case script(limit: Int)
  }

  func fetch(_ address: String) async throws -> Asset {
    let file = PartialDownload(store)
    defer { file.discard() }
    var attempt = 1
    while true {
      do {
        return try await follow(address, into: file)
      } catch let error as ImagineError {
        guard let pause = policy.pause(after: error, attempt: attempt),
          pause < deadline?.remaining ?? .infinity
        else { throw error }
        do { try await Task.sleep(for: .clamped(seconds: pause)) } catch { throw error }
        attempt += 1
      }
    }
  }

  private func follow(_ address: String, into file: PartialDownload) async throws -> Asset {
    var address = address
    let first = Origin(address)
    for _ in 0...Self.maxRedirects {
      try check(address, from: first)
      switch try await get(address, into: file) {
      case .finished(let asset): return asset
      case .redirected(let next): address = next
      }
    }
    throw ImagineError(
      .badResponse, "the download was redirected more than \(Self.maxRedirects) times")
  }

  private enum Step: Sendable {
    case finished(Asset)
    case redirected(String)
  }

  /// A service's answer may lead to any web address, but never to a socket on this machine.
  private func check(_ address: String, from first: Origin?) throws(ImagineError) {
    switch (source, Origin(address)) {
    case (.service, nil):
      throw ImagineError(.badResponse, "the service gave an invalid download address")
    case (.service(let endpoint), let origin?):
      guard origin.isWeb || (origin.isUnixSocket && origin == Origin(endpoint.baseURL)) else {
        throw ImagineError(
          .badResponse, "the service gave a download address of a forbidden kind")
      }
    case (.script, let origin):
      // A redirect from elsewhere must not lead to a server on this machine.
      let isOwn = origin?.scheme == "http" && origin?.isLoopback == true
      guard origin?.isEncrypted == true || (isOwn && first?.isLoopback == true) else {
        throw .invalid(
          field: "address", given: "\"\(WebAddress.shown(address))\"",
          expected: "an https address, or http on this machine")
      }
    }
  }

  private func authorization(for address: String) -> String? {
    if case .service(let endpoint) = source { endpoint.authorization(for: address) } else { nil }
  }

  /// The maximum size in bytes.
  private var limit: Int {
    if case .script(let limit) = source { limit } else { Self.maxBytes }
  }

  private func get(_ address: String, into file: PartialDownload) async throws -> Step {
    var call = HTTPTransport.Call(
      method: "GET", address: address, endpoint: "GET of a finished file",
      authorization: authorization(for: address),
      limit: TimeLimit(
        total: transport.timeouts.download, idleTimeout: transport.timeouts.stall,
        deadline: deadline))
    // Ranges and lengths refer to the uncompressed file.
    call.headers = ["Accept-Encoding": "identity"]
    call.headers.merge(file.missingRange ?? [:]) { $1 }
    return try await transport.perform(call) { answer in
      if let next = answer.location { return .redirected(next) }
      guard try file.begins(with: answer) else {
        throw answer.fault(try await answer.errorBody())
      }
      try file.check(limit)
      try await answer.forEachPiece(upTo: .max) {
        try file.write($0)
        try file.check(limit)
      }
      return .finished(try await file.commit(after: answer))
    }
  }
}

/// A file that is being downloaded, over as many answers as it takes.
///
/// `@unchecked Sendable`: a download makes one request at a time, and only its reader accesses
/// this.
private final class PartialDownload: @unchecked Sendable {
  private let store: any MediaStore
  private var writer: (any AssetWriter)?
  private var received = 0
  private var length: Int?
  /// The ETag of this version of the file; ranges of another version do not fit.
  private var version: String?

  init(_ store: any MediaStore) { self.store = store }

  /// The headers that request the rest of the file; nil to request all of it.
  var missingRange: [String: String]? {
    guard received > 0, let version else { return nil }
    return ["Range": "bytes=\(received)-", "If-Range": version]
  }

  /// Prepares for the body of an answer. False if the answer has no part of the file.
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

  /// - Throws: ``ImagineError`` of kind `io` if the file is, or will be, larger than the limit.
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
      // The length is unknown: the connection may have broken.
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
