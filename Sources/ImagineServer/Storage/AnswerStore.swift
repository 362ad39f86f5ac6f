import Crypto
import ImagineAPI
import MediaFiles
import Synchronization

/// The files of one answer, in memory until they are sent.
final class AnswerStore: MediaStore {
  private let files = Mutex<[String: [UInt8]]>([:])
  /// Bytes of a file.
  fileprivate let limit: Int

  init(limit: Int = .max) { self.limit = limit }

  func makeWriter() throws -> any AssetWriter { AnswerWriter(self) }

  func content(of asset: Asset) throws -> [UInt8] {
    guard let bytes = files.withLock({ $0[asset.sha256] }) else {
      throw ImagineError(.io, "there is no file \(asset.sha256)")
    }
    return bytes
  }

  fileprivate func keep(_ bytes: [UInt8]) -> Asset {
    let sha256 = SHA256.hash(data: bytes).hexadecimal
    files.withLock { $0[sha256] = bytes }
    return Asset(
      sha256: sha256, path: sha256, byteCount: bytes.count, header: ImageHeader(bytes))
  }
}

private final class AnswerWriter: AssetWriter {
  private let store: AnswerStore
  private var bytes: [UInt8] = []

  init(_ store: AnswerStore) { self.store = store }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    self.bytes += bytes
    guard self.bytes.count <= store.limit else {
      throw ImagineError(
        .badResponse, "a file of the answer is larger than \(store.limit >> 20) MB",
        charged: .unknown)
    }
  }
  func commit() async throws -> Asset { store.keep(bytes) }
  func discard() { bytes = [] }
}
