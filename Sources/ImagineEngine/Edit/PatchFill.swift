import CImaging
import ImagineCore

/// Fills a hole with what the rest of the picture is made of.
///
/// PatchMatch over scales: every small square that touches the hole looks for the square in the
/// known part that is most like it; each pixel of the hole then becomes the mean of what the
/// squares over it found; both steps in turn, from a small copy of the picture to its full size.
/// A new guess depends only on the round before, so rows are worked on in parallel and the result
/// does not depend on their order.
///
/// A hole that is thin everywhere is filled from its rim, which shows no seam there: of a mask of
/// lines, stripes or noise no square would be known anyway.
struct PatchFill {
  /// Half of what counts as thin, in pixels.
  private static let thinDepth = 3

  private let control: EngineControl

  init(_ control: EngineControl = EngineControl()) {
    self.control = control
  }

  /// Fills where `mask` is set; no other pixel changes. Where `avoided` is set (255; empty for
  /// nowhere) the picture is not learned from, if enough of it is left.
  /// Where nothing is left to learn from, the hole becomes the picture's mean colour.
  func fill(_ picture: inout Raster, _ mask: Mask, avoiding avoided: [UInt8] = []) throws {
    guard let box = mask.box else { return }
    guard mask.values.contains(0) else { return picture.flatten() }
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
    var full = PatchLevel(part, hole, avoiding: avoided.isEmpty ? [] : cropped(avoided))
    if !full.canLearn, !avoided.isEmpty { full = PatchLevel(part, hole) }
    // A mask that is spread over everything leaves pixels, but no whole square to learn from.
    guard full.holeDepth > Self.thinDepth, full.canLearn else { return try inpaint(&picture, mask) }
    let filled = try levels(full)
    picture.take(filled, left: columns.lowerBound, top: rows.lowerBound, where: mask)
  }

  func inpaint(_ picture: inout Raster, _ mask: Mask) throws {
    let (width, height) = (Int32(picture.width), Int32(picture.height))
    try picture.bytes.withUnsafeMutableBufferPointer { bytes in
      try Codec.call("mask", control) {
        imaging_inpaint(bytes.baseAddress, width, height, mask.values, $0, $1)
      }
    }
  }

  private func levels(_ full: PatchLevel) throws -> Raster {
    var pyramid = [full]
    while let last = pyramid.last, min(last.width, last.height) > 40, last.holeDepth > 5,
      let smaller = last.halved()
    {
      try control.check()
      pyramid.append(smaller)
    }
    var level = pyramid[pyramid.count - 1]
    level.guessFromRim()
    level.chooseByChance()
    try level.improve(Effort(first: level.targets.count), control)
    for var next in pyramid.dropLast().reversed() {
      next.take(level)
      next.vote(control)
      try next.improve(Effort(next.targets.count), control)
      level = next
    }
    return level.raster()
  }
}

extension PatchFill {
  /// How often a level is searched; by the number of its squares, so that time stays in proportion.
  struct Effort {
    var rounds: Int
    var passes: Int

    /// Of a level that begins with the matches of a smaller one.
    init(_ squares: Int) {
      rounds = squares > 1_500_000 ? 0 : squares > 160_000 ? 1 : squares > 40_000 ? 2 : 3
      passes = squares > 80_000 ? 2 : 3
    }

    /// Of the smallest level, whose matches are chance.
    init(first squares: Int) {
      rounds = squares > 1_500_000 ? 0 : squares > 160_000 ? 1 : squares > 40_000 ? 2 : 6
      passes = 4
    }
  }
}
