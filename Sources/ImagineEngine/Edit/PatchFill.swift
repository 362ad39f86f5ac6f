import CImaging
import ImagineAPI

/// Fills a hole with texture from the rest of the image.
///
/// PatchMatch over scales: every square that touches the hole finds the most similar square in the
/// known part; each pixel of the hole then becomes the mean of the matches of the squares over it.
/// Both steps repeat, from a small copy of the image to its full size. A new guess depends only on
/// the previous round, so rows are processed in parallel and the result does not depend on their
/// order.
///
/// A hole that is thin everywhere is filled from its rim, which leaves no visible seam; a mask of
/// lines, stripes or noise would leave no known squares anyway.
struct PatchFill {
  /// Half the width of a thin hole, in pixels.
  private static let thinDepth = 3

  let control: EngineControl
  private let most: Int

  /// - Parameter most: pixels of the hole and its surroundings that are filled at full size.
  init(_ control: EngineControl = EngineControl(), atMost most: Int = most) {
    self.control = control
    self.most = most
  }

  /// Fills the pixels where `mask` is set and changes no others. Pixels where `avoided` is 255
  /// (empty for none) are not used as sources if enough others are left. If nothing is left to copy
  /// from, the hole gets the image's mean colour.
  func fill(_ picture: inout Raster, _ mask: Mask, avoiding avoided: [UInt8] = []) throws {
    guard let box = mask.box else { return }
    guard mask.values.contains(0) else { return picture.flatten() }
    // Search only the hole's surroundings: the cost grows with their size.
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
    let notCopied = avoided.isEmpty ? [] : cropped(avoided)
    let scale = Self.scale(part.width, part.height, atMost: most)
    let filled =
      scale > 1
      ? try fillLarge(part, hole, avoiding: notCopied, scale: scale)
      : try level(part, hole, avoiding: notCopied).map { try levels($0).raster() }
    guard let filled else { return try inpaint(&picture, mask) }
    picture.paste(filled, left: columns.lowerBound, top: rows.lowerBound, where: mask)
  }

  /// An image with a hole; nil if it is not filled by squares.
  func level(_ picture: Raster, _ hole: [UInt8], avoiding avoided: [UInt8]) -> PatchLevel? {
    var full = PatchLevel(picture, hole, avoiding: avoided)
    if !full.hasEnoughSources, !avoided.isEmpty { full = PatchLevel(picture, hole) }
    // A mask scattered over the whole image leaves known pixels, but no whole square.
    return full.holeDepth > Self.thinDepth && full.hasEnoughSources ? full : nil
  }

  func inpaint(_ picture: inout Raster, _ mask: Mask) throws {
    let (width, height) = (Int32(picture.width), Int32(picture.height))
    try picture.bytes.withUnsafeMutableBufferPointer { bytes in
      try Codec.call("mask", control) {
        imaging_inpaint(bytes.baseAddress, width, height, mask.values, $0, $1)
      }
    }
  }

  func levels(_ full: PatchLevel) throws -> PatchLevel {
    var pyramid = [full]
    while let last = pyramid.last, min(last.width, last.height) > 40, last.holeDepth > 5,
      let smaller = last.halved()
    {
      try control.check()
      pyramid.append(smaller)
    }
    var level = pyramid[pyramid.count - 1]
    level.guessFromRim()
    level.chooseRandomMatches()
    try level.improve(Effort(first: level.targets.count), control)
    for var next in pyramid.dropLast().reversed() {
      next.takeMatches(from: level)
      next.vote(control)
      try next.improve(Effort(next.targets.count), control)
      level = next
    }
    return level
  }
}

extension PatchFill {
  /// How often a level is searched; fewer rounds for more squares, to bound the time.
  struct Effort {
    var rounds: Int
    var passes: Int

    /// For a level that starts from the matches of a smaller one.
    init(_ squares: Int) {
      rounds = squares > 1_500_000 ? 0 : squares > 160_000 ? 1 : squares > 40_000 ? 2 : 3
      passes = squares > 80_000 ? 2 : 3
    }

    /// For the smallest level, whose matches start at random.
    init(first squares: Int) {
      rounds = squares > 1_500_000 ? 0 : squares > 160_000 ? 1 : squares > 40_000 ? 2 : 6
      passes = 4
    }
  }
}
