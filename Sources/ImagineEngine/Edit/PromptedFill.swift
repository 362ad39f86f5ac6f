import CImaging
import ImagineCore

/// What a prompt puts into a hole that is already filled from its surroundings: a piece of the place
/// that it names, in the light of what is around, and its subjects upon that.
struct PromptedFill {
  /// The part of the hole's smaller side over which a place takes the surroundings' stead.
  private static let transition: Float = 0.12

  private let scene: Scene
  private let hasPlace: Bool
  private let mask: Mask
  private let box: (left: Int, top: Int, right: Int, bottom: Int)

  /// nil where the prompt names nothing to paint: the surroundings are then the answer.
  init?(_ prompt: String, _ mask: Mask) {
    guard let box = mask.box else { return nil }
    let reading = PromptReader.read(prompt)
    guard !reading.mentions.isEmpty || reading.place != nil else { return nil }
    scene = Composer.scene(
      of: prompt, aspect: Float(mask.width) / Float(mask.height), seed: 1)
    hasPlace = reading.place != nil
    self.mask = mask
    self.box = box
  }

  func paint(into raster: inout Raster) throws {
    if hasPlace { try paintPlace(into: &raster) }
    if !scene.subjects.isEmpty { try paintSubjects(into: &raster) }
  }

  /// Paints the place alone: where a picture grows all around, there is no one spot for a subject.
  func paintPlace(into raster: inout Raster) throws {
    guard hasPlace else { return }
    var scenery = scene
    scenery.subjects.removeAll { !$0.kind.isScenery }
    let canvas = Canvas(width: raster.width, height: raster.height)
    let rendering = Rendering(.backdrop)
    Painter(scenery, rendering).paint(canvas)
    let painted = Raster(try Developing.picture(canvas, rendering))
    var blended = raster
    let (width, height) = (Int32(raster.width), Int32(raster.height))
    try blended.bytes.withUnsafeMutableBufferPointer { bytes in
      try Codec.call("mask") {
        imaging_blend(bytes.baseAddress, painted.bytes, width, height, mask.values, $0)
      }
    }
    // Light fits at the rim, forms do not: they come in by degrees.
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

  private func paintSubjects(into raster: inout Raster) throws {
    let height = Float(raster.height)
    let middle = Float(raster.width) * 0.5
    let margin = Float(box.bottom - box.top) * 0.04
    let fitted = scene.fitted(
      low: Point((Float(box.left) - middle + margin) / height, (Float(box.top) + margin) / height),
      high: Point(
        (Float(box.right + 1) - middle - margin) / height, (Float(box.bottom + 1) - margin) / height
      ))
    let cutout = try Cutout(
      fitted, Rendering(.cutout), width: raster.width, height: raster.height)
    for index in mask.values.indices where mask.values[index] != 0 && cutout.alpha[index] > 0 {
      let alpha = Int(cutout.alpha[index])
      for channel in 0..<3 {
        let at = index * 3 + channel
        let value = Int(raster.bytes[at]) * (255 - alpha) + Int(cutout.colours.bytes[at]) * alpha
        raster.bytes[at] = UInt8((value + 127) / 255)
      }
    }
  }
}
