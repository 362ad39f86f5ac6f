import EnginePeers
import ImagineAPI

/// Writing a PNG, which every image that leaves the engine passes through.
enum Encoding {
  static func rows() throws -> [Row] {
    let smooth = try Images.engine.paint(
      prompt: "a hot air balloon in a clear sky", style: .anime, aspectRatio: .square, seed: 1)
    let grained = try Images.engine.paint(
      prompt: "a street in the rain", style: .realistic, aspectRatio: .square, seed: 1)
    return [
      try row("PNG, 1024², smooth", target: "≤ 40 ms", smooth),
      try row("PNG, 1024², grained", target: "≤ 70 ms", grained),
    ]
  }

  private static func row(_ name: String, target: String, _ file: [UInt8]) throws -> Row {
    let pixels = Images.pixels(file)
    return try .measured(
      name, target: target, rounds: 15, { _ = Images.png(pixels, width: 1024, height: 1024) },
      beside: "vips_pngsave", { peer_png_save(pixels, 1024, 1024) })
  }
}
