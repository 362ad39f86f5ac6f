import Hummingbird
import ImagineAPI
import ImagineSystem
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A request's body of a line of JSON and then the files that it lists, which go to the disk as they
/// arrive.
///
/// The line is a step's description with `files`: for each field the numbers of bytes of its files.
struct FileUpload {
  let description: [String: Value]
  /// The files by field.
  let inputs: [String: [ImageInput]]

  private static let maxLineBytes = 8 << 20
  /// That of the step with the most files.
  private static let maxFiles = PictureSheet.maxImages
  /// Bytes that are written at once.
  private static let pieceBytes = 256 << 10

  /// - Parameters:
  ///   - limit: of the body, in bytes.
  ///   - share: of what all uploads may have on the disk; it grows as they arrive.
  ///   - accept: called with the description before files are read; throws to refuse them.
  /// - Throws: ``APIError`` for a body that is malformed, truncated or too large; ``ImagineError`` of
  ///   kind `io` where a file cannot be written.
  init(
    _ request: Request, into folder: FilePath, limit: Int, share: ByteBudget.Share,
    accept: ([String: Value]) throws -> Void
  ) async throws {
    let overLimit = APIError.invalid("the files are larger than \(limit >> 20) MB together")
    let declared = request.headers[.contentLength].flatMap { Int($0) }
    if let declared, declared > limit { throw overLimit }
    var files: Files?
    // The line, and then what is to be written.
    var waiting: [UInt8] = []
    var total = 0
    do {
      for try await piece in request.body {
        total += piece.readableBytes
        guard total <= limit else { throw overLimit }
        guard share.grow(to: total, atMost: declared.map { max($0, total) } ?? limit) else {
          throw APIError(
            .tooManyRequests, "other requests use all of the disk for their files", retryAfter: 10)
        }
        let start = waiting.count
        waiting.append(contentsOf: piece.readableBytesView)
        if files == nil {
          let end = waiting[start...].firstIndex(of: UInt8(ascii: "\n"))
          guard (end ?? waiting.count) <= Self.maxLineBytes else {
            throw APIError.invalid("the description of the step is too long")
          }
          guard let end else { continue }
          let list = try Files(waiting[..<end], in: folder)
          try accept(list.description)
          files = list
          waiting.removeSubrange(...end)
        }
        if waiting.count >= Self.pieceBytes { try await files?.write(&waiting) }
      }
      try await files?.write(&waiting)
    } catch {
      throw BodyReader.fault(error)
    }
    guard let files, files.isComplete else {
      throw APIError.invalid("the request's body is truncated")
    }
    description = files.description
    inputs = files.inputs
  }

  /// The files of a body, written one after another. One task at a time writes.
  private final class Files: @unchecked Sendable {
    let description: [String: Value]
    private let paths: [(path: FilePath, field: String)]
    private var rests: [Int]
    private var current = 0
    private var descriptor: Int32 = -1

    init(_ line: ArraySlice<UInt8>, in folder: FilePath) throws {
      description = try Value(json: Array(line), name: "the step").table ?? [:]
      var paths: [(FilePath, String)] = []
      var sizes: [Int] = []
      for (field, counts) in (description["files"]?.table ?? [:]).sorted(by: { $0.key < $1.key }) {
        for count in counts.list ?? [] {
          guard let size = count.integer, 1...(1 << 40) ~= size, paths.count < maxFiles else {
            throw APIError.invalid("the files of the step are malformed or too many")
          }
          paths.append((folder.appending("input-\(paths.count)"), field))
          sizes.append(Int(size))
        }
      }
      self.paths = paths
      rests = sizes
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isComplete: Bool { current == paths.count }

    var inputs: [String: [ImageInput]] {
      Dictionary(grouping: paths, by: \.field).mapValues { $0.map { .file(path: $0.path) } }
    }

    /// Writes the bytes on a thread that may wait, and empties them.
    func write(_ bytes: inout [UInt8]) async throws {
      let piece = bytes
      bytes.removeAll(keepingCapacity: true)
      try await NIOThreadPool.singleton.runIfActive { try self.write(piece) }
    }

    private func write(_ bytes: [UInt8]) throws {
      try bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          guard current < paths.count else {
            throw APIError.invalid("the request's body is longer than its files")
          }
          if descriptor < 0 {
            descriptor = open(
              paths[current].path.cString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw ImagineError.system("cannot write a file") }
          }
          let part = rest.prefix(rests[current])
          try writeAll(
            UnsafeRawBufferPointer(rebasing: part), to: descriptor, "cannot write a file")
          rest = rest.dropFirst(part.count)
          rests[current] -= part.count
          if rests[current] == 0 {
            close(descriptor)
            descriptor = -1
            current += 1
          }
        }
      }
    }
  }
}
