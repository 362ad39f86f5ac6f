import ImagineAPI
import ImagineSystem
import NIOCore

/// The bytes of a request's body: a head, then files, read piece by piece.
struct FileSequence: AsyncSequence, Sendable {
  let head: [UInt8]
  let files: [Asset]

  func makeAsyncIterator() -> Iterator { Iterator(head: head, files: files[...]) }

  struct Iterator: AsyncIteratorProtocol {
    fileprivate var head: [UInt8]
    fileprivate var files: ArraySlice<Asset>
    private var reader: FileReader?
    private var offset = 0

    fileprivate init(head: [UInt8], files: ArraySlice<Asset>) {
      self.head = head
      self.files = files
    }

    mutating func next() async throws -> ByteBuffer? {
      if !head.isEmpty {
        defer { head = [] }
        return ByteBuffer(bytes: head)
      }
      while let file = files.first {
        let open = try reader ?? FileReader(file.path)
        reader = open
        let piece = try open.bytes(from: offset, count: Swift.min(1 << 17, file.byteCount - offset))
        offset += piece.count
        if !piece.isEmpty { return ByteBuffer(bytes: piece) }
        guard offset == file.byteCount else {
          throw ImagineError(.io, "the stored file \(file.path) is shorter than it was")
        }
        (reader, offset) = (nil, 0)
        files = files.dropFirst()
      }
      return nil
    }
  }
}
