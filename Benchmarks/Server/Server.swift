import Foundation
import WireTools

/// A server in a process of its own.
final class Server {
  private let process = Process()
  private let folder: URL?
  let port: Int32

  private init(
    _ program: String, _ arguments: [String], folder: URL? = nil, port: (Process) throws -> Int32
  ) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    self.folder = folder
    self.port = try port(process)
  }

  /// This program as a server.
  static func swift(_ kind: String) throws -> Server {
    try Server(CommandLine.arguments[0], [kind]) { process in
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      guard let port = Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
        throw Failed(what: "\(kind): \(line)")
      }
      return port
    }
  }

  /// The answer of the bare route, by nginx with as many processes as there are cores; nil if it is
  /// not installed.
  static func nginx() throws -> Server? {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"]
    guard let program = places.first(where: FileManager.default.isExecutableFile) else {
      return nil
    }
    var port: Int32 = 0
    // nginx cannot tell which port the system chose.
    let listener = stub_listen(&port)
    guard listener >= 0 else { throw Failed(what: "a free port") }
    close(listener)
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("server-benchmarks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let settings = folder.appendingPathComponent("nginx.conf")
    try """
    daemon off;
    worker_processes auto;
    pid \(folder.path)/nginx.pid;
    error_log \(folder.path)/error.log;
    events {}
    http {
      access_log off;
      keepalive_requests 100000000;
      server {
        listen 127.0.0.1:\(port);
        location /bare {
          default_type application/json;
          return 200 '{"status":"ok"}';
        }
      }
    }
    """.write(to: settings, atomically: true, encoding: .utf8)
    return try Server(
      program, ["-p", folder.path, "-e", "\(folder.path)/error.log", "-c", settings.path],
      folder: folder
    ) { process in
      try process.run()
      for _ in 0..<200 where load_measure(port, request("/bare"), 1, 1) < 0 { usleep(50_000) }
      return port
    }
  }

  private static func request(_ path: String) -> String {
    "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
  }

  /// The id of a job whose video is made.
  func finishedJob() throws -> String {
    struct Submission: Decodable { let id: String }
    let answer = try curl([
      "/v2/video/text-to-video", "-F", "prompt=waves", "-F", "style=fast-svd",
    ])
    let id = try JSONDecoder().decode(Submission.self, from: answer).id
    for _ in 0..<200 {
      let status = String(decoding: try curl(["/v2/video/\(id)/status"]), as: UTF8.self)
      if status.contains("finished") { return id }
      usleep(50_000)
    }
    throw Failed(what: "the video is not finished")
  }

  /// - Parameter arguments: the path, and further arguments.
  private func curl(_ arguments: [String]) throws -> Data {
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    curl.arguments =
      ["curl", "-s", "http://127.0.0.1:\(port)\(arguments[0])", "-H", "Authorization: Bearer test"]
      + arguments.dropFirst()
    let output = Pipe()
    curl.standardOutput = output
    try curl.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    curl.waitUntilExit()
    return data
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }
}
