public import ImagineAPI
import ImagineSystem
public import Logging
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A bucket of an S3-compatible service, in path style.
///
/// Requests that may succeed later are sent again within a deadline. A large file is sent in parts;
/// it is there whole or not at all, like any other.
///
/// For example:
///
/// ```swift
/// let bucket = try S3Bucket(location, credentials, logger: logger)
/// try await bucket.put(bytes, as: "pictures/1/picture.png", type: "image/png")
/// let address = bucket.address(of: "pictures/1/picture.png", seconds: 120)
/// ```
public final class S3Bucket: Sendable {
  /// An object of a listing.
  public struct Object: Sendable, Hashable {
    /// Without the location's prefix.
    public var name: String
    public var byteCount: Int
    /// Seconds since 1970; nil if the service does not tell.
    public var modifiedAt: Double?
  }

  public let location: S3Location
  let exchange: S3Exchange
  /// Files of more bytes are sent in parts.
  let wholeBytes: Int
  let partBytes: Int

  /// - Throws: ``ImagineError`` of kind `io` if the certificates cannot be read.
  public convenience init(
    _ location: S3Location, _ credentials: S3Credentials, logger: Logger
  ) throws(ImagineError) {
    try self.init(location, credentials, patience: .init(), logger: logger)
  }

  /// - Parameter now: seconds since 1970.
  init(
    _ location: S3Location, _ credentials: S3Credentials, patience: S3Exchange.Patience,
    wholeBytes: Int = 64 << 20, partBytes: Int = 16 << 20, logger: Logger,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(ImagineError) {
    self.location = location
    self.wholeBytes = wholeBytes
    self.partBytes = partBytes
    exchange = try S3Exchange(location, credentials, patience: patience, logger: logger, now: now)
  }

  /// Stores an object; an existing one is replaced.
  ///
  /// - Parameter type: its `Content-Type`.
  /// - Throws: ``S3Error``, like every function here.
  public func put(_ bytes: [UInt8], as name: String, type: String) async throws {
    try await put(.bytes(bytes), as: name, type: type)
  }

  /// Stores a file as an object; an existing one is replaced.
  ///
  /// - Throws: ``S3Error``, and ``ImagineError`` of kind `io` if the file cannot be read.
  public func put(file path: String, as name: String, type: String) async throws {
    let path = FilePath(path)
    guard let status = try path.status() else {
      throw ImagineError(.io, "there is no \(path)")
    }
    guard status.byteCount <= wholeBytes else {
      return try await putInParts(path, byteCount: status.byteCount, as: name, type: type)
    }
    // The library sends no stream of no bytes.
    let body: S3Body =
      status.byteCount == 0
      ? .bytes([]) : try await .file(path, offset: 0, count: status.byteCount)
    try await put(body, as: name, type: type)
  }

  private func put(_ body: S3Body, as name: String, type: String) async throws {
    let request = S3Request(
      method: .PUT, name: name, headers: [("content-type", type)], body: body)
    try await exchange.send(request) { answer in _ = try await answer.bytes() }
  }

  /// The size of an object in bytes; nil if there is none.
  public func byteCount(of name: String) async throws -> Int? {
    try await orNil {
      try await exchange.send(S3Request(method: .HEAD, name: name)) { answer in
        guard let count = answer.header("content-length").flatMap({ Int($0) }) else {
          throw S3Error(
            request: answer.request, message: "the answer has no Content-Length",
            isRetryable: false)
        }
        return count
      }
    }
  }

  /// An object, or a range of it; nil if there is none.
  ///
  /// - Parameter limit: bytes, past which it is an error.
  public func bytes(
    of name: String, range: ClosedRange<Int>? = nil, limit: Int = 64 << 20
  ) async throws -> [UInt8]? {
    try await orNil {
      try await exchange.send(get(name, range), receiving: limit) { answer in
        try await answer.bytes(upTo: limit)
      }
    }
  }

  /// Copies an object to a file, which appears whole; false if there is none.
  public func copy(_ name: String, to path: String) async throws -> Bool {
    let exists: Bool? = try await orNil {
      try await exchange.send(get(name, nil), receiving: 4 << 30) { answer in
        let file = try AtomicFile(in: AtomicFile.parent(of: path))
        try await answer.forEachPiece { piece in
          try piece.withUnsafeReadableBytes { try file.write($0) }
        }
        try file.commitWithoutSync(to: FilePath(path), replacing: true)
        return true
      }
    }
    return exists ?? false
  }

  private func get(_ name: String, _ range: ClosedRange<Int>?) -> S3Request {
    S3Request(
      method: .GET, name: name,
      headers: range.map { [("range", "bytes=\($0.lowerBound)-\($0.upperBound)")] } ?? [])
  }

  /// Removes an object, if there is one.
  public func remove(_ name: String) async throws {
    _ = try await orNil {
      try await exchange.send(S3Request(method: .DELETE, name: name)) { _ in true }
    }
  }

  /// Removes the objects whose names have a beginning.
  public func remove(below beginning: String) async throws {
    while true {
      let page = try await list(below: beginning, limit: 1000)
      guard !page.objects.isEmpty else { return }
      for object in page.objects { try await remove(object.name) }
      if !page.hasMore { return }
    }
  }

  /// Objects whose names have a beginning, sorted by name.
  ///
  /// - Parameters:
  ///   - name: the one before the first.
  ///   - limit: at most 1,000.
  public func list(
    below beginning: String, after name: String? = nil, limit: Int = 1000
  ) async throws -> (objects: [Object], hasMore: Bool) {
    var query = [
      ("list-type", "2"), ("prefix", location.prefix + beginning), ("max-keys", String(limit)),
      ("encoding-type", "url"),
    ]
    if let name { query.append(("start-after", location.prefix + name)) }
    let request = S3Request(method: .GET, query: query.map { (name: $0.0, value: $0.1) })
    let prefix = location.prefix
    return try await exchange.send(request) { answer in
      let document = try await answer.document()
      let isEncoded = document["EncodingType"] == "url"
      let objects = document.all("Contents").compactMap { element -> Object? in
        guard let key = element["Key"], let name = isEncoded ? key.percentDecoded : key,
          name.hasPrefix(prefix)
        else { return nil }
        return Object(
          name: String(name.dropFirst(prefix.count)),
          byteCount: element["Size"].flatMap { Int($0) } ?? 0,
          modifiedAt: element["LastModified"].flatMap(Self.seconds))
      }
      return (objects, document["IsTruncated"] == "true")
    }
  }

  private static func seconds(_ text: String) -> Double? {
    // Some services have milliseconds, others have none.
    let whole = text.prefix { $0 != "." && $0 != "Z" } + "Z"
    return (try? Date(String(whole), strategy: .iso8601))?.timeIntervalSince1970
  }

  /// An address with which anybody can read an object for a while.
  ///
  /// - Parameter seconds: up to a week.
  public func address(of name: String, seconds: Int) -> String {
    let endpoint = location.publicEndpoint ?? location.endpoint
    let path = location.path(name)
    let query = exchange.signature.query(
      for: .init(
        method: "GET", path: path, headers: [("host", endpoint.host)],
        payload: S3Signature.unsignedPayload),
      at: SigningTime(exchange.now()), seconds: seconds)
    return "\(endpoint)\(path)?\(query)"
  }

  /// Nil for an object that does not exist. A missing bucket is an error.
  func orNil<Value>(_ query: () async throws -> Value) async throws -> Value? {
    do {
      return try await query()
    } catch let error as S3Error where error.status == 404 && error.code != "NoSuchBucket" {
      return nil
    }
  }
}
