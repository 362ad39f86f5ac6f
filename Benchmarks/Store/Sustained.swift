import BenchmarkTable
import Foundation
import ImagineTestSupport
import PostgresStore
import ServerStore

/// 1,000 jobs a second in PostgreSQL, of which 2,000 are always queued: as it is, with a disk that takes
/// 2 ms more to sync, and while somebody holds a snapshot open, so that no dead row can be removed.
struct Sustained {
  let seconds: Double

  func run() async throws {
    var rows: [[String]] = []
    for (name, isSlow, hasSnapshot) in [
      ("as it is", false, false), ("fdatasync + 2 ms", true, false),
      ("an open snapshot", false, true),
      ("both", true, true),
    ] {
      if isSlow { setenv("LD_PRELOAD", try SlowDisk.library(), 1) }
      defer { unsetenv("LD_PRELOAD") }
      let server = try PostgresServer()
      let database = try server.makeDatabase()
      let snapshot = hasSnapshot ? Task.detached { hold(server, database) } : nil
      let store = try await PostgresServiceStore(url: server.url(of: database))
      let load = try await StoreLoad(store, clients: 64, seconds: seconds)
      let (added, finished) = try await load.sustained(perSecond: 1000, live: 2000)
      rows.append([
        name, String(Int(added.perSecond)), String(Int(finished.perSecond)),
        added.milliseconds(0.5),
        added.milliseconds(0.99),
      ])
      await snapshot?.value
    }
    MarkdownTable.print(
      ["1,000 jobs/s for \(Int(seconds)) s", "added/s", "finished/s", "p50, ms", "p99, ms"], rows)
  }

  /// Holds a snapshot as long as jobs are added, but at most 20 seconds.
  private func hold(_ server: PostgresServer, _ database: String) {
    server.sql(
      """
      BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;
      SELECT pg_sleep(\(min(seconds, 20))); COMMIT
      """, in: database)
  }
}

/// A library that makes each sync to disk of a program 2 ms longer.
enum SlowDisk {
  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <unistd.h>
    int fdatasync(int descriptor) {
      static int (*next)(int);
      if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
      usleep(2000);
      return next(descriptor);
    }
    """

  /// The path of the library, compiled now.
  static func library() throws -> String {
    let path = "/tmp/slow-disk-\(getpid()).so"
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = ["cc", "-shared", "-fPIC", "-O2", "-o", path, "-x", "c", "-"]
    let input = Pipe()
    compiler.standardInput = input
    try compiler.run()
    try input.fileHandleForWriting.write(contentsOf: Data(source.utf8))
    try input.fileHandleForWriting.close()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else {
      throw PostgresServer.Failure("the slow disk was not compiled")
    }
    return path
  }
}
