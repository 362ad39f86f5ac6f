import BenchmarkTable
import EnginePeers
import Foundation
import HostStore
import ImagineAPI
import ImagineProviders
import LocalServer
import Logging

// Steps over pixels as a script does them, through the private server, beside the same program with
// libvips and the time of an empty request. The argument is the path of imagine-server.

/// The private server, and a store with images to measure with.
struct Bench {
  let converter: ServerConverter
  let store: FileAssetStore
  let folder = NSTemporaryDirectory() + "steps-\(UUID().uuidString)"

  init(server program: String) throws {
    let server = LocalServer(
      program: program, home: folder + "/home", environment: ProcessInfo.processInfo.environment)
    let transport = HTTPTransport(logger: Logger(label: "steps") { _ in SwiftLogNoOpLogHandler() })
    converter = ServerConverter(transport: transport, target: server)
    store = FileAssetStore(root: folder + "/assets")
  }

  func step(
    _ operation: PictureOperation, _ fields: [String: Value], _ images: [String: [Asset]]
  ) throws -> PictureStep {
    try PictureStep(
      operation, fields, images: images.mapValues { $0.map { .asset($0) } }
    ) { (input, field, _) throws(ImagineError) in
      guard case .asset(let asset) = input, let header = asset.header else {
        throw .invalid(field: field, given: "no image", expected: "an image")
      }
      return PictureStep.MediaFacts(size: header.size)
    }
  }

  /// Median seconds.
  func median(rounds: Int, _ body: () async throws -> Void) async throws -> Double {
    try await body()
    var times: [Double] = []
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      try await body()
      times.append((ContinuousClock.now - start) / .seconds(1))
    }
    return times.sorted()[rounds / 2]
  }

  /// Photos of 1024² as JPEG, which differ in a few pixels.
  func photos(_ count: Int) async throws -> [Asset] {
    var photos: [Asset] = []
    let canvas = try await converter.perform(
      step(.canvas, ["width": 1024, "height": 1024, "background": "#345"], [:]), into: store)
    // Edges: texts in many sizes, so that the file is as large as a photo's.
    var picture = canvas.asset
    for index in 0..<8 {
      let text = String(repeating: "Lorem ipsum \(index) ", count: 20)
      picture = try await converter.perform(
        step(
          .label,
          [
            "text": .text(text), "size": .integer(Int64(12 + 3 * index)),
            "y": .integer(Int64(index * 114)), "background": "transparent",
            "color": .text(index % 2 == 0 ? "#ffddaa" : "#88aaee"),
          ], [PictureOperation.base: [picture]]), into: store
      ).asset
    }
    for index in 0..<count {
      let marked = try await converter.perform(
        step(
          .label, ["text": .text("\(index)"), "size": 80], [PictureOperation.base: [picture]]),
        into: store)
      photos.append(
        try await converter.convert(
          marked.asset, to: Conversion(format: .jpeg, quality: 85), into: store))
    }
    guard let photo = photos.first, 250_000...450_000 ~= photo.byteCount else {
      throw ImagineError(.badResponse, "a photo of 1024² has not 250 to 450 kB")
    }
    return photos
  }

  func run() async throws {
    let empty = try await median(rounds: 51) { _ = try await converter.engineVersion() }
    let photo = try await photos(1)[0]
    let file = try store.content(of: photo)
    let cases: [(PictureOperation, [String: Value], Int)] = [
      (.crop, ["x": 256, "y": 256, "width": 512, "height": 512], PEER_CROP),
      (.pad, ["margin": 24, "background": "black"], PEER_PAD),
      (.rotate, ["degrees": 30, "background": "black"], PEER_ROTATE),
      (.flip, ["direction": "horizontal"], PEER_FLIP),
      (.adjust, ["contrast": 20], PEER_ADJUST),
      (.paste, ["x": 64, "y": 64, "width": 256], PEER_PASTE),
      (.label, ["text": "Sunset"], PEER_LABEL),
    ]
    var rows: [[String]] = []
    func row(_ name: String, _ ours: Double, _ peer: Double) {
      let allowed = peer + empty
      rows.append([
        name, milliseconds(ours), milliseconds(peer), milliseconds(empty),
        String(format: "%.2f×", ours / allowed), "≤ 1.5×",
      ])
    }
    for (operation, fields, peer) in cases {
      var images = [PictureOperation.base: [photo]]
      if operation.name == "paste" { images["image"] = [photo] }
      let step = try step(operation, fields, images)
      let ours = try await median(rounds: 11) {
        _ = try await converter.perform(step, into: store)
      }
      let theirs = try await median(rounds: 11) {
        peer_step(Int32(peer), file, UInt64(file.count))
      }
      row(operation.name, ours, theirs)
    }
    let small = Conversion(format: .jpeg, width: 512)
    let ours = try await median(rounds: 11) {
      _ = try await converter.convert(photo, to: small, into: store)
    }
    row(
      "convert to 512²", ours,
      try await median(rounds: 11) { peer_step(Int32(PEER_CONVERT), file, UInt64(file.count)) })
    MarkdownTable.print(
      ["step of a JPEG of 1024²", "here", "libvips", "empty request", "ratio", "target"], rows)
    print()
    try await sheet()
  }

  private func sheet() async throws {
    let photos = try await photos(200)
    let step = try step(.sheet, [:], ["images": photos])
    forgetServerPeak()
    let seconds = try await median(rounds: 3) {
      _ = try await converter.perform(step, into: store)
    }
    MarkdownTable.print(
      ["what", "here", "target", "peak of the server", "target"],
      [
        [
          "sheet of 200 JPEGs of 1024²", milliseconds(seconds), "≤ 2000 ms", serverPeak(),
          "≤ 200 MB",
        ]
      ])
  }

  /// The server's folder of `/proc`; nil where there is none.
  private var serverFacts: String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { Int($0) != nil }.map { "/proc/\($0)" }.first {
      (try? String(contentsOfFile: "\($0)/cmdline", encoding: .utf8))?.contains(folder) == true
    }
  }

  /// Lets Linux measure the peak anew: the steps before have their own.
  private func forgetServerPeak() {
    guard let facts = serverFacts, let file = fopen("\(facts)/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  /// The most memory of the server since then, where Linux tells.
  private func serverPeak() -> String {
    guard let facts = serverFacts,
      let status = try? String(contentsOfFile: "\(facts)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({
        Int($0)
      })
    else { return "" }
    return "\(kilobytes / 1024) MB"
  }

  private func milliseconds(_ seconds: Double) -> String {
    String(format: "%.1f ms", seconds * 1000)
  }
}

guard let program = CommandLine.arguments.dropFirst().first else {
  print("usage: step-benchmarks PATH-OF-imagine-server")
  exit(2)
}
let bench = try Bench(server: program)
defer { try? FileManager.default.removeItem(atPath: bench.folder) }
try await bench.run()
