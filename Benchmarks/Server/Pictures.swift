import Foundation

/// Lone pictures made in an engine child, beside the same program that draws in its own process.
struct Pictures {
  let rounds: Int

  func run() throws {
    let home = NSTemporaryDirectory() + "server-benchmarks-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let children = try PictureServer("children", home: "\(home)/children")
    let inProcess = try PictureServer("in-process", home: "\(home)/in-process")
    defer {
      children.stop()
      inProcess.stop()
    }
    let image = "\(home)/image.png"
    _ = try children.seconds(Self.painting + ["-o", image])
    let calls = [
      ("paint 1024x1024", Self.painting),
      ("convert to 256x256", ["/x/convert", "-F", "image=@\(image)", "-F", "width=256"]),
      (
        "thumbnail", ["/x/thumbnail", "-F", "image=@\(image)", "-F", "width=64", "-F", "height=64"]
      ),
    ]
    print("\n| a lone picture | in a child, ms | in process, ms | ratio | more, ms | target |")
    print("|---|---|---|---|---|---|")
    for (name, call) in calls {
      var ours: [Double] = []
      var theirs: [Double] = []
      for round in 0..<rounds + 3 {
        let here = try children.seconds(call)
        let there = try inProcess.seconds(call)
        // The first ones are slower in both.
        guard round >= 3 else { continue }
        ours.append(here * 1000)
        theirs.append(there * 1000)
      }
      let (here, there) = (median(ours), median(theirs))
      print(
        "| \(name) | \(text(here)) | \(text(there)) | \(String(format: "%.2f", here / there))"
          + " | \(text(here - there)) | ≤ 1.1, or ≤ 2 ms |")
    }
    let sizes = try children.childSizes()
    print("\nidle children: \(sizes.map { "\($0 >> 10) MB" }.joined(separator: ", ")) resident")
  }

  private static let painting = [
    "/v2/image/generations", "-F", "prompt=a red fox on a hill", "-F", "style=realistic", "-F",
    "seed=1",
  ]

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private func text(_ milliseconds: Double) -> String { String(format: "%.1f", milliseconds) }
}

/// `imagine-server` beside this program.
private final class PictureServer {
  private let process = Process()
  private let address: String

  init(_ engine: String, home: String) throws {
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("imagine-server")
    process.arguments = [
      "--home", home, "--port", "0", "--engine", engine, "--log-level", "error",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let address = line.split(whereSeparator: \.isWhitespace).last else {
      throw Failed(what: "imagine-server --engine \(engine)")
    }
    self.address = String(address)
  }

  /// From the connection to the last byte of the answer.
  ///
  /// - Parameter call: a path, and arguments of curl.
  func seconds(_ call: [String]) throws -> Double {
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let output = call.contains("-o") ? [] : ["-o", "/dev/null"]
    curl.arguments =
      ["curl", "-s", "-f", "-w", "%{time_total}", "-H", "Authorization: Bearer test"] + output
      + [address + call[0]] + call.dropFirst()
    let pipe = Pipe()
    curl.standardOutput = pipe
    try curl.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    curl.waitUntilExit()
    guard curl.terminationStatus == 0,
      let seconds = Double(String(decoding: data, as: UTF8.self))
    else { throw Failed(what: call[0]) }
    return seconds
  }

  /// Resident kilobytes of its children; nothing where there is no /proc.
  func childSizes() throws -> [Int] {
    let id = process.processIdentifier
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task")) ?? []
    // Each child belongs to the thread that started it.
    let children = tasks.flatMap { task in
      let text = try? String(
        contentsOfFile: "/proc/\(id)/task/\(task)/children", encoding: .utf8)
      return (text ?? "").split(separator: " ").map(String.init)
    }
    return children.compactMap { child in
      let status = try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)
      let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
      return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}
