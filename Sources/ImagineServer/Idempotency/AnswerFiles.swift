import ImagineAPI
import ImagineSystem
import Synchronization

/// The bodies of answers to calls with an `Idempotency-Key`, for a while.
///
/// Each account has a folder and a number of bytes; the oldest of its own answers make room.
final class AnswerFiles: Sendable {
  private let folder: String
  /// Seconds that an answer is kept.
  private let lifetime: Double
  /// Bytes of the answers of one account.
  private let limit: Int

  init(_ directory: DataDirectory, limits: Limits) {
    folder = directory.answers
    lifetime = limits.answerSeconds
    limit = limits.answerBytes
  }

  /// Stores an answer, synced to disk. It replaces an earlier one of the same call.
  func store(_ bytes: [UInt8], of call: String, for account: Account) async throws {
    guard bytes.count <= limit else { return }
    let folder = "\(folder)/\(account.id)"
    try AtomicFile.makeFolder(folder, mode: 0o700)
    makeRoom(for: bytes.count, in: FilePath(folder))
    let file = try AtomicFile(in: folder)
    try bytes.withUnsafeBytes { try file.write($0) }
    try await file.commit(to: "\(folder)/\(call)", replacing: true)
  }

  /// The answer of a call; nil if it is not kept any more.
  func bytes(of call: String, for account: Account) throws -> [UInt8]? {
    let path = FilePath("\(folder)/\(account.id)/\(call)")
    guard let status = FileStatus(path), status.modifiedAt + lifetime > WallClock.now else {
      return nil
    }
    return try FileReader(path).bytes(from: 0, count: status.byteCount)
  }

  /// Removes the answers of all accounts that are not kept any more.
  func removeExpired() {
    for account in FilePath(folder).children {
      makeRoom(for: 0, in: FilePath("\(folder)/\(account)"))
    }
  }

  private func makeRoom(for bytes: Int, in folder: FilePath) {
    var kept: [(path: FilePath, status: FileStatus)] = []
    for name in folder.children {
      let path = folder.appending(name)
      guard let status = FileStatus(path) else { continue }
      if status.modifiedAt + lifetime < WallClock.now {
        path.removeAll()
      } else {
        kept.append((path, status))
      }
    }
    var room = limit - bytes - kept.reduce(0) { $0 + $1.status.byteCount }
    for (path, status) in kept.sorted(by: { $0.status.modifiedAt < $1.status.modifiedAt })
    where room < 0 {
      path.removeAll()
      room += status.byteCount
    }
  }
}
