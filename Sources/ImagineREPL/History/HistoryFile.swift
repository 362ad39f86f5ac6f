#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The history file that all sessions share: JSON lines, readable by its owner only.
struct HistoryFile: HistorySource {
  /// After this many records only the newest half is kept.
  static let recordLimit = 20_000
  /// A longer statement is not stored.
  static let statementLimit = 64 << 10

  /// Nil keeps nothing on disk.
  let path: String?
  let session: String
  private(set) var recent: [String] = []
  private(set) var all: [String] = []

  init(path: String?, session: String) {
    self.path = path
    self.session = session
  }

  /// Reads the file; damaged records are skipped.
  mutating func load() {
    guard let path, let bytes = Self.read(path) else { return }
    let records = bytes.split(separator: UInt8(ascii: "\n")).compactMap { HistoryRecord(line: $0) }
    let statements = records.map(\.statement)
    all = Self.newestFirst(all, statements)
    recent = Self.newestFirst(recent, statements)
    if records.count > Self.recordLimit { compact(path) }
  }

  private static func newestFirst(_ own: [String], _ older: [String]) -> [String] {
    var seen = Set(own)
    return own
      + older.reversed().filter { seen.insert($0).inserted }.map {
        Printable.pasted(Array($0.utf8))
      }
  }

  /// Adds a statement. One that begins with a blank, or holds a token, is kept nowhere.
  mutating func add(_ statement: String, time: Int, secrets: [String] = []) {
    guard let first = statement.first, !first.isWhitespace,
      statement.utf8.count <= Self.statementLimit,
      !secrets.contains(where: { $0.utf8.count >= 8 && statement.contains($0) })
    else { return }
    remember(statement)
    guard let path else { return }
    let record = HistoryRecord(time: time, session: session, statement: statement)
    Self.append(Array(record.line.utf8), to: path)
  }

  /// Adds a statement to this session only, such as one that was dropped.
  mutating func remember(_ statement: String) {
    recent.removeAll { $0 == statement }
    recent.insert(statement, at: 0)
    all.removeAll { $0 == statement }
    all.insert(statement, at: 0)
  }

  // MARK: Files

  private static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 64 << 20 {
      let count = systemRead(file, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// One write to a file that is opened anew, under a lock of its own: sessions may end, compact and
  /// append at once.
  private static func append(_ bytes: [UInt8], to path: String) {
    withLock(path) {
      let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      guard file >= 0 else { return }
      _ = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
      close(file)
    }
  }

  private func compact(_ path: String) {
    Self.withLock(path) {
      guard let bytes = Self.read(path) else { return }
      let lines = bytes.split(separator: UInt8(ascii: "\n"))
        .filter { HistoryRecord(line: $0) != nil }.suffix(Self.recordLimit / 2)
      let temporary = "\(path).new"
      let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard file >= 0 else { return }
      let kept = Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
      let isWhole =
        kept.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) } == kept.count
      close(file)
      if !isWhole || rename(temporary, path) != 0 { unlink(temporary) }
    }
  }

  private static func withLock(_ path: String, _ body: () -> Void) {
    makeFolder(of: path)
    let lock = open("\(path).lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { return }
    defer { close(lock) }
    guard flock(lock, LOCK_EX) == 0 else { return }
    body()
  }

  private static func makeFolder(of path: String) {
    guard let slash = path.lastIndex(of: "/") else { return }
    let folder = String(path[..<slash])
    if folder.isEmpty || access(folder, F_OK) == 0 { return }
    makeFolder(of: folder)
    mkdir(folder, 0o700)
  }
}
