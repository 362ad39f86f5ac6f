import Foundation
import ImagineAPI
import ImagineEngine

/// Videos as a request makes them: 96 frames of 768×432, painted and encoded. A row is a frame's
/// time, for which 24 frames a second leave 41.7 ms; the memory is this process's, without
/// `ffmpeg`'s.
enum Videos {
  static func rows() throws -> [Row] {
    try [
      "a boat on the sea", "a forest", "mountains at dawn", "a street in the rain",
      "a city skyline at night",
    ].map(video) + [animation()]
  }

  private static func video(_ prompt: String) throws -> Row {
    try row("video, a frame: \(prompt)") { folder in
      _ = try Images.engine.makeVideo(
        prompt: prompt, style: "fast-svd", aspectRatio: .sixteenToNine, seed: 3, into: folder)
    }
  }

  private static func animation() throws -> Row {
    let image = try Images.painted("a castle by a lake", side: 1024)
    return try row("a given image as a video, a frame") { folder in
      _ = try Images.engine.animate(
        prompt: "snow falls", image: image, style: "fast-svd", aspectRatio: .sixteenToNine,
        seed: 3, into: folder)
    }
  }

  private static func row(_ name: String, _ make: (String) throws -> Void) throws -> Row {
    let folder = FileManager.default.temporaryDirectory.path + "/videos-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Seconds each, after an image has warmed the engine: once is enough.
    var whole = try Measurement.once { try make(folder) }
    whole.seconds /= 96
    whole.processorSeconds /= 96
    return Row(name: name, ours: whole, peer: nil, target: "≤ 41.7 ms")
  }
}
