import CImaging
import ImagineCore

/// Fills a hole with what the rest of the picture is made of.
///
/// PatchMatch over scales: every small square that touches the hole looks for the square in the
/// known part that is most like it; each pixel of the hole then becomes the mean of what the
/// squares over it found; both steps in turn, from a small copy of the picture to its full size.
/// A new guess depends only on the round before, so rows are worked on in parallel and the result
/// does not depend on their order.
struct PatchFill {
  /// A hole thinner than this is filled from its rim (Telea), which shows no seam there.
  private static let thinHole = 6

  /// Fills where `mask` is set; no other pixel changes. Where `avoided` is set (255; empty for
  /// nowhere) the picture is not learned from, if enough of it is left.
  static func fill(_ picture: inout Raster, _ mask: Mask, avoiding avoided: [UInt8] = []) throws {
    guard let box = mask.box else { return }
    if box.right - box.left < thinHole || box.bottom - box.top < thinHole {
      return try inpaint(&picture, mask)
    }
    // The surroundings of the hole are enough to learn from, and the cost follows their size.
    let reach = max(64, max(box.right - box.left, box.bottom - box.top))
    let columns = max(0, box.left - reach)..<min(picture.width, box.right + 1 + reach)
    let rows = max(0, box.top - reach)..<min(picture.height, box.bottom + 1 + reach)
    let part = picture.cropped(columns, rows)
    let width = picture.width
    func cropped(_ values: [UInt8]) -> [UInt8] {
      rows.flatMap { row in
        values[(row * width + columns.lowerBound)..<(row * width + columns.upperBound)]
      }
    }
    let hole = cropped(mask.values)
    let known = hole.count(where: { $0 == 0 })
    guard known > 200 else {
      throw EngineError.unusable(field: "mask", reason: "it leaves too little of the picture")
    }
    var full = PatchLevel(part, hole, avoiding: avoided.isEmpty ? [] : cropped(avoided))
    if !full.canLearn, !avoided.isEmpty { full = PatchLevel(part, hole) }
    // A mask that is spread over everything leaves pixels, but no whole square to learn from.
    guard full.canLearn else { return try inpaint(&picture, mask) }
    let filled = levels(full)
    picture.take(filled, left: columns.lowerBound, top: rows.lowerBound, where: mask)
  }

  static func inpaint(_ picture: inout Raster, _ mask: Mask) throws {
    let (width, height) = (Int32(picture.width), Int32(picture.height))
    try picture.bytes.withUnsafeMutableBufferPointer { bytes in
      try Codec.call("mask") {
        imaging_inpaint(bytes.baseAddress, width, height, mask.values, 4, $0)
      }
    }
  }

  private static func levels(_ full: PatchLevel) -> Raster {
    var pyramid = [full]
    while let last = pyramid.last, min(last.width, last.height) > 40, last.holeDepth > 5,
      let smaller = last.halved()
    {
      pyramid.append(smaller)
    }
    var level = pyramid[pyramid.count - 1]
    level.guessFromRim()
    level.chooseByChance()
    level.improve(rounds: 6, passes: 4)
    for var next in pyramid.dropLast().reversed() {
      next.take(level)
      next.vote()
      let size = next.targets.count
      next.improve(
        rounds: size > 160_000 ? 1 : (size > 40_000 ? 2 : 3), passes: size > 80_000 ? 2 : 3)
      level = next
    }
    return level.raster()
  }
}
