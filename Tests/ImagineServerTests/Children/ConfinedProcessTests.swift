import Foundation
import ImagineAPI
import ImagineSystem
import ImagineTestSupport
import Testing

/// Real programs under real rules.
@Suite("A confined process")
struct ConfinedProcessTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["own", "other"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
    }
    try FileSystem.write("secret", to: folder.file("other/key"))
  }

  /// What a shell says that runs a command to its end.
  private func errors(of command: String) async throws -> String {
    let confinement = try Confinement(
      readable: [], runnable: ["/bin", "/lib", "/lib64", "/usr"],
      writable: [folder.file("own")])
    let process = try ConfinedProcess(
      program: "/bin/sh", arguments: ["-c", "exec 0<&-; \(command); echo done >&2"],
      environment: ["PATH": "/usr/bin:/bin"], confinement)
    var said = ""
    _ = try await eventually {
      said += process.lastErrors()
      return said.hasSuffix("done") ? true : nil
    }
    return String(said.dropLast("done".count))
  }

  @Test("uses its own folder", .enabled(if: Confinement.isAvailable))
  func ownFolder() async throws {
    let own = folder.file("own")
    #expect(try await errors(of: "echo 1 >\(own)/a && mv \(own)/a \(own)/b && cat \(own)/b") == "")
    #expect(FileManager.default.fileExists(atPath: "\(own)/b"))
  }

  @Test(
    "reads and writes nothing else, and makes no links",
    .enabled(if: Confinement.isAvailable),
    arguments: [
      "cat OTHER/key", "ls OTHER", "echo 1 >OTHER/new", "echo 1 >OTHER/key", "rm OTHER/key",
      "ln -s OTHER/key OWN/link", "ln OTHER/key OWN/link", "mv OTHER/key OWN/key", "mkdir OWN/f",
      "cat /etc/passwd", "cat /proc/1/environ",
    ])
  func others(command: String) async throws {
    let command = command.replacing("OTHER", with: folder.file("other"))
      .replacing("OWN", with: folder.file("own"))
    let words = try await errors(of: command).lowercased()
    #expect(words.contains("denied") || words.contains("cross-device"), "\(command): \(words)")
    #expect(try String(contentsOfFile: folder.file("other/key"), encoding: .utf8) == "secret")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("own")).isEmpty)
  }

  @Test("has no descriptor but its socket, its errors and nothing")
  func descriptors() async throws {
    let process = try ConfinedProcess(
      program: "/bin/sleep", arguments: ["100"], environment: [:],
      try Confinement(readable: [], runnable: ["/bin", "/lib", "/lib64", "/usr"], writable: []))
    _ = try await eventually {
      SystemProcess.commandLine(of: process.id).contains("100") ? true : nil
    }
    let links = try SystemProcess.descriptors(of: process.id)
    #expect(links.keys.sorted() == [0, 1, 2])
    #expect(links[0]?.hasPrefix("socket:") == true)
    #expect(links[1] == "/dev/null")
    #expect(links[2]?.hasPrefix("pipe:") == true)
    #expect(SystemProcess.environment(of: process.id) == "")
    process.kill()
    #expect(!SystemProcess.exists(process.id))
  }

  @Test(
    "that cannot be started is an error with the reason, and leaves no descriptor open",
    // ThreadSanitizer makes `vfork` a `fork`, whose child cannot tell the reason.
    .enabled(if: getenv("SANITIZED") == nil))
  func missingProgram() throws {
    let confinement = try Confinement(readable: [], runnable: [], writable: [])
    func start() -> String {
      do {
        _ = try ConfinedProcess(
          program: "/nowhere/program", arguments: [], environment: [:], confinement)
        return "started"
      } catch {
        return error.message
      }
    }
    #expect(start().contains("/nowhere/program"))
    let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    for _ in 0..<50 { _ = start() }
    let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    #expect(after < before + 20)
  }
}

@Suite("Frames on a socket")
struct FrameSocketTests {
  private func with(_ body: (FrameSocket, FrameSocket) throws -> Void) throws {
    var pair: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    defer { for end in pair { close(end) } }
    try body(FrameSocket(pair[0]), FrameSocket(pair[1]))
  }

  @Test("arrive as they were sent, whatever their size")
  func sizes() throws {
    try with { one, other in
      let other = other
      for (head, files) in [(0, [0]), (1, [3]), (100_000, [5, 0, 3_000_000])] {
        let files = files.map { [UInt8](repeating: UInt8($0 % 251), count: $0) }
        let sender = Thread {
          try? one.send(head: Array(repeating: 9, count: head), files: files, check: {})
        }
        sender.start()
        let frame = try other.receive(maxFileBytes: 10_000_000, check: {})
        #expect(frame.head == Array(repeating: 9, count: head))
        #expect(frame.files == files.flatMap(\.self))
      }
    }
  }

  @Test("that are too long, cut or unexpected throw, and no memory is taken for them")
  func faults() throws {
    func send(_ bytes: [UInt8], closing: Bool = true) throws -> (any Error)? {
      var fault: (any Error)?
      try with { one, other in
        _ = bytes.withUnsafeBytes { write(one.descriptor, $0.baseAddress, $0.count) }
        if closing { shutdown(one.descriptor, Int32(SHUT_WR)) }
        do { _ = try other.receive(maxFileBytes: 1000, check: {}) } catch { fault = error }
      }
      return fault
    }
    let cases: [([UInt8], FrameSocket.Fault)] = [
      ([], .closed), ([1, 0, 0], .closed), ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .closed),
      ([255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0], .closed),
      ([0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], .tooLarge),
      ([0, 0, 0, 0, 0xE9, 3, 0, 0, 0, 0, 0, 0], .tooLarge),
    ]
    for (bytes, fault) in cases {
      #expect(try send(bytes) as? FrameSocket.Fault == fault, "\(bytes)")
    }
  }

  @Test("are waited for until the check says stop")
  func stop() throws {
    struct Stop: Error {}
    try with { one, other in
      var checks = 0
      #expect(throws: Stop.self) {
        try other.receive(maxFileBytes: 10) {
          checks += 1
          if checks > 3 { throw Stop() }
        }
      }
      checks = 0
      #expect(throws: Stop.self) {
        // Nobody reads it.
        try one.send(head: [], files: [[UInt8](repeating: 0, count: 50_000_000)]) {
          checks += 1
          if checks > 3 { throw Stop() }
        }
      }
    }
  }
}
