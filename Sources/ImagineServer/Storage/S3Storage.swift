import Hummingbird
import ImagineAPI
import NIOCore
import ObjectStorage

/// Media in a bucket.
struct S3Storage: MediaStorage {
  /// Seconds that a client has to begin with a download.
  private static let addressSeconds = 120

  let bucket: S3Bucket
  /// Whether clients read from the bucket themselves.
  let redirects: Bool

  func put(_ bytes: [UInt8], as name: String, type: String) async throws {
    try await reaching { try await bucket.put(bytes, as: name, type: type) }
  }

  func put(file path: String, as name: String, type: String) async throws {
    try await reaching { try await bucket.put(file: path, as: name, type: type) }
  }

  func bytes(of name: String) async throws -> [UInt8]? {
    try await reaching { try await bucket.bytes(of: name, limit: 1 << 30) }
  }

  func content(of name: String) async throws -> (any MediaContent)? {
    guard let size = try await reaching({ try await bucket.byteCount(of: name) }), size > 0 else {
      return nil
    }
    return S3Content(bucket: bucket, name: name, size: size)
  }

  func address(of name: String) -> String? {
    redirects ? bucket.address(of: name, seconds: Self.addressSeconds) : nil
  }

  func localFile(of name: String, in folder: String) async throws -> String? {
    let path = "\(folder)/\(try RandomID.next())"
    return try await reaching { try await bucket.copy(name, to: path) } ? path : nil
  }

  func remove(below beginning: String) async throws {
    try await reaching {
      beginning.hasSuffix("/")
        ? try await bucket.remove(below: beginning) : try await bucket.remove(beginning)
    }
  }

  func forEach(
    below beginning: String, _ body: @Sendable (ListedMedium) async throws -> Bool
  ) async throws {
    var last: String?
    while true {
      let (objects, hasMore) = try await reaching { [last] in
        try await bucket.list(below: beginning, after: last)
      }
      for object in objects {
        guard try await body(ListedMedium(name: object.name, modifiedAt: object.modifiedAt)) else {
          return
        }
      }
      guard hasMore, let name = objects.last?.name else { return }
      last = name
    }
  }

  private func reaching<Value>(_ query: () async throws -> Value) async throws -> Value {
    do {
      return try await query()
    } catch let error as S3Error {
      throw ImagineError(.io, "the object storage: \(error)", retryable: error.isRetryable)
    }
  }
}

/// An object that is read a piece at a time, each of which may be asked for again.
private struct S3Content: MediaContent {
  private static let pieceBytes = 4 << 20

  let bucket: S3Bucket
  let name: String
  let size: Int

  func body(_ range: ClosedRange<Int>) -> ResponseBody {
    ResponseBody(contentLength: range.count) { writer in
      var position = range.lowerBound
      while position <= range.upperBound {
        let end = min(range.upperBound, position + Self.pieceBytes - 1)
        guard let bytes = try await bucket.bytes(of: name, range: position...end),
          bytes.count == end - position + 1
        else { throw ChannelError.eof }
        try await writer.write(ByteBuffer(bytes: bytes))
        position = end + 1
      }
      try await writer.finish(nil)
    }
  }
}
