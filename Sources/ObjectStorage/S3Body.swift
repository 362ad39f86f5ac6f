import Crypto
import ImagineAPI
import ImagineSystem
import NIOCore
import NIOPosix

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a request sends. It can be sent again.
enum S3Body: Sendable {
  case none
  case bytes([UInt8])
  /// The bytes of a file from an offset. The SHA-256 is theirs.
  case file(FilePath, offset: Int, count: Int, sha256: String)

  var byteCount: Int {
    switch self {
    case .none: 0
    case .bytes(let bytes): bytes.count
    case .file(_, _, let count, _): count
    }
  }

  /// In hexadecimal.
  var sha256: String {
    switch self {
    case .none: S3Signature.emptyPayload
    case .bytes(let bytes): SHA256.hash(data: bytes).hexadecimal
    case .file(_, _, _, let sha256): sha256
    }
  }

  /// A part of a file, whose SHA-256 is taken now.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  static func file(_ path: FilePath, offset: Int, count: Int) async throws -> S3Body {
    var hash = SHA256()
    for try await piece in FilePieces(path: path, offset: offset, count: count) {
      hash.update(data: Array(piece.readableBytesView))
    }
    return .file(path, offset: offset, count: count, sha256: hash.finalize().hexadecimal)
  }
}

/// A part of a file in pieces, which are read on threads that may block.
struct FilePieces: AsyncSequence, Sendable {
  private static let bytes = 128 << 10

  let path: FilePath
  let offset: Int
  let count: Int

  struct Iterator: AsyncIteratorProtocol {
    fileprivate let pieces: FilePieces
    fileprivate var position = 0
    fileprivate var file: OpenPart?

    mutating func next() async throws -> ByteBuffer? {
      let (pieces, position) = (pieces, position)
      guard position < pieces.count else { return nil }
      let opened = try file ?? OpenPart(pieces.path)
      file = opened
      let piece = try await NIOThreadPool.singleton.runIfActive {
        try opened.bytes(
          from: pieces.offset + position, count: Swift.min(bytes, pieces.count - position))
      }
      guard !piece.isEmpty else {
        throw ImagineError(.io, "cannot read \(pieces.path): it has become shorter")
      }
      self.position += piece.count
      return ByteBuffer(bytes: piece)
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }
}

/// A file that is read by offset.
///
/// Unchecked: ``FileReader/bytes(from:count:)`` reads with pread(2), which changes nothing.
private final class OpenPart: @unchecked Sendable {
  private let reader: FileReader

  init(_ path: FilePath) throws { reader = try FileReader(path) }

  func bytes(from offset: Int, count: Int) throws -> [UInt8] {
    try reader.bytes(from: offset, count: count)
  }
}
