import ImagineAPI
import ImagineSystem
import MediaFiles

/// The files of an answer that are too large for memory, in a folder.
struct FolderStore: MediaStore {
  let folder: String
  /// Bytes of a file.
  let limit: Int

  func makeWriter() throws -> any AssetWriter { try FolderWriter(self) }

  func content(of asset: Asset) throws -> [UInt8] { try FileReader(asset.path).all() }
}

private final class FolderWriter: AssetWriter {
  private let store: FolderStore
  private let file: AtomicFile
  private var byteCount = 0

  init(_ store: FolderStore) throws {
    self.store = store
    file = try AtomicFile(in: store.folder)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    byteCount += bytes.count
    guard byteCount <= store.limit else {
      throw ImagineError(.badResponse, "the file is larger than \(store.limit >> 20) MB")
    }
    try file.write(bytes)
  }

  /// The asset has the path alone: nobody looks for it by its content.
  func commit() async throws -> Asset {
    let file = file
    let source = MediaSource(byteCount: byteCount) { offset, count throws(ImagineError) in
      try file.bytes(from: offset, count: count)
    }
    let fault = MediaFault(in: source)
    if let failure = source.failure { throw failure }
    if let fault { throw ImagineError(.badResponse, "the file \(fault)") }
    let path = "\(store.folder)/\(try RandomID.next())"
    let header = ImageHeader(source)
    try await file.commit(to: path, replacing: false)
    return Asset(sha256: "", path: path, byteCount: byteCount, header: header)
  }

  func discard() { file.discard() }
}
