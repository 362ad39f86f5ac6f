import Foundation
import ImagineCore
import ImagineEngine

/// Films as a request runs them: 96 frames of 768×432, painted and encoded. A row is a frame's
/// time, for which 24 frames a second leave 41.7 ms; the memory is this process's, without
/// `ffmpeg`'s.
enum Films {
  static func rows() throws -> [Row] {
    try [
      "a boat on the sea", "a forest", "mountains at dawn", "a street in the rain",
      "a city skyline at night",
    ].map(film) + [animation()]
  }

  private static func film(_ prompt: String) throws -> Row {
    try row("film, a frame: \(prompt)") { folder in
      _ = try Pictures.engine.film(
        prompt: prompt, style: "fast-svd", aspectRatio: .sixteenToNine, seed: 3, into: folder
      ) { _ in }
    }
  }

  private static func animation() throws -> Row {
    let picture = try Pictures.painted("a castle by a lake", side: 1024)
    return try row("a given picture as a film, a frame") { folder in
      _ = try Pictures.engine.animate(
        prompt: "snow falls", image: picture, style: "fast-svd", aspectRatio: .sixteenToNine,
        seed: 3, into: folder
      ) { _ in }
    }
  }

  private static func row(_ name: String, _ film: (String) throws -> Void) throws -> Row {
    let folder = FileManager.default.temporaryDirectory.path + "/films-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Seconds each, after a picture has warmed the engine: once is enough.
    var whole = try Measurement.once { try film(folder) }
    whole.seconds /= 96
    whole.processorSeconds /= 96
    return Row(name: name, ours: whole, peer: nil, target: "≤ 41.7 ms")
  }
}
