import Foundation

/// Runs the client and its peers in turn, several rounds, and compares medians.
struct Comparison {
  /// Path of `imagine`.
  let program: String
  let rounds: Int
  /// Calls in flight.
  private let flight = 32

  init(program: String, rounds: Int) {
    self.program = program
    self.rounds = rounds
  }

  /// The answers of one comparison.
  private struct Load {
    let name: String
    let bytes: Int
    /// Calls of a round: enough for about a second.
    let calls: Int
  }

  private static let loads = [
    Load(name: "2 kB", bytes: 2048, calls: 3000), Load(name: "1 MB", bytes: 1 << 20, calls: 300),
  ]

  func run() throws {
    let missing = ["aiohttp", "openai"].filter { !Self.hasPython($0) }
    for module in missing {
      print("\(module) is not installed (pip install \(module)): its rows are left out")
    }
    print("| answers | client | calls/s | peer | calls/s | ratio | target |")
    print("|---|---|---|---|---|---|---|")
    for load in Self.loads { try compare(load, without: missing) }
    try measureMemory()
  }

  private func compare(_ load: Load, without missing: [String]) throws {
    let stub = try Stub(bytes: load.bytes)
    defer { stub.stop() }
    let pairs: [(kind: String, peer: String, target: String)] = [
      ("imagine", "aiohttp", "≥ 1.5"), ("imagine", "aiohttp-files", ""),
      ("openai", "openai", "≥ 15"),
    ]
    for pair in pairs where !missing.contains(where: { pair.peer.hasPrefix($0) }) {
      // An AsyncOpenAI call takes so long that fewer of them say as much.
      let peerCalls = pair.peer == "openai" ? load.calls / 5 : load.calls
      var ours: [Double] = []
      var theirs: [Double] = []
      for _ in 0..<rounds {
        ours.append(try rate(of: script(pair.kind, stub, load.calls), load.calls))
        theirs.append(try rate(of: Self.python(pair.peer, stub, peerCalls, flight), peerCalls))
      }
      let ratio = Self.median(ours) / Self.median(theirs)
      print(
        "| \(load.name) | script, provider `\(pair.kind)` | \(Int(Self.median(ours)))"
          + " | \(pair.peer) | \(Int(Self.median(theirs)))"
          + " | \((ratio * 100).rounded() / 100) | \(pair.target) |")
    }
  }

  /// Ten thousand images in one script.
  private func measureMemory() throws {
    let stub = try Stub(bytes: 2048)
    defer { stub.stop() }
    let folder = try Folder()
    let bytes = try run(ScriptClient.holding, stub, 10_000, in: folder)
    print(
      "10,000 images held by one script: \((bytes / 1e5).rounded() / 10) MB (target ≤ 100 MB)")
  }

  private func rate(of seconds: (Folder) throws -> Double, _ calls: Int) throws -> Double {
    Double(calls) / (try seconds(Folder()))
  }

  private func script(
    _ kind: String, _ stub: Stub, _ calls: Int
  ) -> (Folder) throws -> Double {
    { folder in
      try run(ScriptClient.measuring(kind), stub, calls, in: folder)
    }
  }

  /// The number that a script prints.
  private func run(
    _ script: String, _ stub: Stub, _ calls: Int, in folder: Folder
  ) throws -> Double {
    let file = "\(folder.path)/script.lua"
    try script.write(toFile: file, atomically: true, encoding: .utf8)
    return try Self.output(
      of: [
        "IMAGINE_HOME=\(folder.path)", program, file, stub.address, "\(calls)", "\(flight)",
      ])
  }

  private static func python(
    _ kind: String, _ stub: Stub, _ calls: Int, _ flight: Int
  ) -> (Folder) throws -> Double {
    { folder in
      try output(
        of: [
          "python3", "-c", Peers.program, kind, stub.address, "\(calls)", "\(flight)", folder.path,
        ])
    }
  }

  static func median(_ values: [Double]) -> Double {
    values.sorted()[values.count / 2]
  }

  private static func hasPython(_ module: String) -> Bool {
    (try? text(of: ["python3", "-c", "import \(module); print(1)"])) == "1"
  }

  struct Failed: Error {
    let command: [String]
    let output: String
  }

  /// The number that a command prints.
  static func output(of command: [String]) throws -> Double {
    let text = try text(of: command)
    guard let number = Double(text) else {
      throw Failed(command: Array(command.prefix(2)), output: text)
    }
    return number
  }

  static func text(of command: [String], showsErrors: Bool = true) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let output = Pipe()
    process.standardOutput = output
    if !showsErrors { process.standardError = FileHandle.nullDevice }
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// The stub service, in a process of its own.
final class Stub {
  private let process = Process()
  let address: String

  init(bytes: Int) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [CommandLine.arguments[0], "stub", "\(bytes)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Comparison.Failed(command: ["stub"], output: line)
    }
    address = "http://127.0.0.1:\(port)"
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}

/// A folder for what a client keeps, gone with it. `TMPDIR` says on which disk.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "client-benchmarks-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
