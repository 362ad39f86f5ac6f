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
  private static let maxFiles = PictureSheet.maxImages + 8

  /// - Parameter accept: called with the description before files are read; throws to refuse them.
  /// - Throws: ``APIError`` for a body that is malformed, truncated or larger than `limit` bytes.
  init(
    _ request: Request, into folder: FilePath, limit: Int,
    accept: ([String: Value]) throws -> Void
  ) async throws {
    let overLimit = APIError.invalid("the files are larger than \(limit >> 20) MB together")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw overLimit
    }
    var line: [UInt8] = []
    var files: Files?
    var total = 0
    do {
      for try await piece in request.body {
        var rest = piece.readableBytesView[...]
        total += rest.count
        guard total <= limit else { throw overLimit }
        if files == nil {
          let end = rest.firstIndex(of: UInt8(ascii: "\n"))
          line += rest[..<(end ?? rest.endIndex)]
          guard line.count <= Self.maxLineBytes else {
            throw APIError.invalid("the description of the step is too long")
          }
          guard let end else { continue }
          let list = try Files(line, in: folder)
          try accept(list.description)
          files = list
          rest = rest[(end + 1)...]
        }
        guard let files, !rest.isEmpty else { continue }
        let bytes = Array(rest)
        try await NIOThreadPool.singleton.runIfActive { try files.write(bytes) }
      }
    } catch is SlowClient {
      throw APIError(.timedOut, "the client sent the request's body too slowly")
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

    init(_ line: [UInt8], in folder: FilePath) throws {
      description = try Value(json: line, name: "the step").table ?? [:]
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

    func write(_ bytes: [UInt8]) throws {
      var bytes = bytes[...]
      while !bytes.isEmpty {
        guard current < paths.count else {
          throw APIError.invalid("the request's body is longer than its files")
        }
        if descriptor < 0 {
          descriptor = open(
            paths[current].path.cString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
          guard descriptor >= 0 else { throw ImagineError.system("cannot write a file") }
        }
        let part = bytes.prefix(rests[current])
        try Self.write(part, to: descriptor)
        bytes = bytes.dropFirst(part.count)
        rests[current] -= part.count
        if rests[current] == 0 {
          close(descriptor)
          descriptor = -1
          current += 1
        }
      }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
      try bytes.withUnsafeBytes { bytes in
        var done = 0
        while done < bytes.count {
          let count = put(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { throw ImagineError.system("cannot write a file") }
          done += count
        }
      }
    }
  }
}

private func put(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(file, bytes, count)
}
