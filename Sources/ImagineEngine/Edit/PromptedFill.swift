import CImaging
import ImagineAPI

/// Paints a prompt into a hole that is already filled from its surroundings: the place that it
/// names, in the light of the surroundings, and its subjects on top.
struct PromptedFill {
  /// The width of the transition to the painted place, as a fraction of the hole's smaller side.
  private static let transition: Float = 0.12

  private let scene: Scene
  private let hasPlace: Bool
  private let mask: Mask
  private let control: EngineControl
  private let box: (left: Int, top: Int, right: Int, bottom: Int)

  /// nil when the prompt names nothing to paint; the filled surroundings are then the result.
  init?(_ prompt: String, _ mask: Mask, _ control: EngineControl) {
    guard let box = mask.box else { return nil }
    let parsed = PromptParser.parse(prompt)
    guard !parsed.mentions.isEmpty || parsed.place != nil else { return nil }
    let painted = ScaledPainting.paintedSize(for: PixelSize(width: mask.width, height: mask.height))
    scene = Composer.scene(
      of: prompt, aspect: Float(painted.width) / Float(painted.height), seed: 1)
    hasPlace = parsed.place != nil
    self.mask = mask
    self.box = box
    self.control = control
  }

  func paint(into raster: inout Raster) throws {
    if hasPlace { try paintPlace(into: &raster) }
    if !scene.subjects.isEmpty { try paintSubjects(into: &raster) }
  }

  /// Paints the place without subjects, for an image that grows on several sides.
  func paintPlace(into raster: inout Raster) throws {
    guard hasPlace else { return }
    var scenery = scene
    scenery.subjects.removeAll { !$0.kind.isScenery }
    let painted = try ScaledPainting.painted(
      scenery, Rendering(.backdrop), PixelSize(width: raster.width, height: raster.height), control)
    var blended = raster
    let (width, height) = (Int32(raster.width), Int32(raster.height))
    try blended.bytes.withUnsafeMutableBufferPointer { bytes in
      try Codec.call("mask", control) {
        imaging_blend(bytes.baseAddress, painted.bytes, width, height, mask.values, $0, $1)
      }
    }
    // The light matches at the rim, the forms do not: blend them in gradually.
    let reach = max(3, Float(min(box.right - box.left, box.bottom - box.top)) * Self.transition)
    let depth = mask.depth(upTo: reach)
    for index in mask.values.indices where depth[index] > 0 {
      let t = depth[index] / reach
      let part = t * t * (3 - 2 * t)
      for channel in 0..<3 {
        let at = index * 3 + channel
        let before = Float(raster.bytes[at])
        raster.bytes[at] = UInt8(before + (Float(blended.bytes[at]) - before) * part + 0.5)
      }
    }
  }

  /// Paints the subjects into the mask's box, at a size that the painter supports.
  private func paintSubjects(into raster: inout Raster) throws {
    let size = PixelSize(width: box.right - box.left + 1, height: box.bottom - box.top + 1)
    let painted = ScaledPainting.paintedSize(for: size)
    let half = Float(painted.width) / Float(painted.height) * 0.5
    let fitted = scene.fitted(low: Point(-half + 0.04, 0.04), high: Point(half - 0.04, 0.96))
    let cutout = try Cutout(fitted, Rendering(.cutout), painted, control)
    let scaled = try Codec.scale(
      cutout.colours.picture(alpha: cutout.alpha), to: size, control: control)
    scaled.withPixels { pixels in
      for row in 0..<size.height {
        for column in 0..<size.width {
          let place = (box.top + row) * mask.width + box.left + column
          let from = (row * size.width + column) * 4
          let alpha = Int(pixels[from + 3])
          if mask.values[place] == 0 || alpha == 0 { continue }
          for channel in 0..<3 {
            let at = place * 3 + channel
            let value = Int(raster.bytes[at]) * (255 - alpha) + Int(pixels[from + channel]) * alpha
            raster.bytes[at] = UInt8((value + 127) / 255)
          }
        }
      }
    }
  }
}
