import Dispatch
import EnginePeers
import ImagineAPI

/// The edits as a request runs them: from a file to a PNG. What stands beside them works on decoded
/// pixels and throws its result away.
enum Edits {
  static func rows() throws -> [Row] {
    [try removal(), try upscale(), try fill(), try resize(), try together()]
  }

  private static func removal() throws -> Row {
    let engine = Images.engine
    let file = try Images.painted("portrait of a woman in a red dress, studio", side: 1024)
    let pixels = Images.pixels(file)
    let ours = try Measurement.inTurn(rounds: 7, [{ _ = try engine.removeBackground(file) }])[0]
    // Seconds each: once is enough.
    let peer = Measurement.once { peer_grab_cut(pixels, 1024, 1024) }
    return Row(
      name: "background removal, 1024²", ours: ours, peer: ("cv::grabCut", peer),
      target: "≤ 600 ms")
  }

  private static func upscale() throws -> Row {
    let engine = Images.engine
    let file = try Images.painted("a cat in a living room", side: 1024)
    let pixels = Images.pixels(file)
    return try .measured(
      "upscale, 1024² to 2048²", target: "≤ 400 ms", { _ = try engine.upscale(file) },
      beside: "vips_resize", { peer_resize(pixels, 1024, 1024, 2, 2) })
  }

  /// A hole of 15 % of an image of 512².
  private static func fill() throws -> Row {
    let engine = Images.engine
    let file = try Images.painted("a dog in a meadow", side: 512)
    let pixels = Images.pixels(file)
    let hole = (0..<(512 * 512)).map { index -> UInt8 in
      (150..<348).contains(index % 512) && (220..<418).contains(index / 512) ? 255 : 0
    }
    let mask = Images.png(hole.flatMap { [$0, $0, $0] }, width: 512, height: 512)
    return try .measured(
      "fill of 15 %, 512²", target: "≤ 2000 ms",
      { _ = try engine.fill(prompt: "a white house", image: file, mask: mask) },
      beside: "cv::inpaint", { peer_inpaint(pixels, 512, 512, hole) })
  }

  /// By a quarter: to 3:4.
  private static func resize() throws -> Row {
    let engine = Images.engine
    let file = try Images.painted("a dog in a meadow", side: 1024)
    let pixels = Images.pixels(file)
    return try .measured(
      "resize by a quarter, 1024²", target: "≤ 500 ms",
      { _ = try engine.resize(file, to: .threeToFour, prompt: nil, mask: nil) },
      beside: "vips_resize", { peer_resize(pixels, 1024, 1024, 0.75, 1) })
  }

  /// Two jobs at once, beside the same two in turn.
  private static func together() throws -> Row {
    let engine = Images.engine
    let file = try Images.painted("a cat in a living room", side: 1024)
    let job: @Sendable () -> Void = {
      _ = try? engine.removeBackground(file)
      _ = try? engine.upscale(file)
    }
    return try .measured(
      "two jobs at once", target: "≤ in turn", rounds: 5,
      { DispatchQueue.concurrentPerform(iterations: 2) { _ in job() } },
      beside: "two in turn",
      {
        job()
        job()
      })
  }
}
