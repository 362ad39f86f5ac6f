import CImaging
import ImagineAPI

/// Narrows an image by removing, repeatedly, the top-to-bottom seam that is missed least (forward
/// energy: the cost is that of the edges that become neighbours).
///
/// The time is that of all pixels for each seam, which rises with the third power of a side. So the
/// seams of a large image are found in a smaller one, and each is as many pixels wide as the image
/// was made smaller.
struct SeamCarving {
  /// The cost of a seam through a protected pixel; more than any seam around it.
  private static let protected: Float = 60_000

  /// The cost of each subject pixel that a seam crosses; as much as a clear edge.
  private static let spared: Float = 60

  /// Pixels that are looked at for all seams together: about half a second.
  static let most = 600_000_000

  /// The image as it is given.
  private let whole: Raster
  /// Its alpha; empty for none.
  private let opacity: [UInt8]
  /// Columns to remove from it.
  private let excess: Int
  /// How many times smaller the image is in which the seams are found.
  private let scale: Int

  // Of the smaller image:
  private var width: Int
  private let height: Int
  private let stride: Int
  private var luma: [Float]
  private var guardedCost: [Float]
  /// The most kept pixels that a seam may cross.
  private let mostCrossed: Int
  private var cost: [Float]
  /// The columns that are left of each row.
  private var columns: [UInt16]

  /// `keep` is 255 where the image must keep its form. When it is empty, the salient parts are
  /// spared.
  init(
    _ picture: Raster, alpha: [UInt8]?, keep: [UInt8], to target: Int, atMost most: Int = most,
    _ control: EngineControl
  ) throws {
    whole = picture
    opacity = alpha ?? []
    excess = max(0, picture.width - target)
    scale = Self.scale(picture.width, picture.height, excess, atMost: most)
    let small = Raster(
      width: picture.width / scale, height: picture.height / scale,
      bytes: picture.means(of: picture.bytes, 3, each: scale))
    let smallAlpha = picture.means(of: opacity, 1, each: scale)
    width = small.width
    height = small.height
    stride = small.width
    luma = (0..<(small.width * small.height)).map { index -> Float in
      let red = Int(small.bytes[index * 3])
      let green = Int(small.bytes[index * 3 + 1])
      let blue = Int(small.bytes[index * 3 + 2])
      let level = Float((red + 2 * green + blue) / 4)
      // The colour of a clear pixel is invisible, so it must not count.
      return smallAlpha.isEmpty ? level : level * Float(smallAlpha[index]) / 255
    }
    cost = [Float](repeating: 0, count: luma.count)
    guardedCost =
      keep.isEmpty
      ? try Self.subject(of: small, control).map { Float($0) * Self.spared / 255 }
      : Self.protection(
        of: picture.means(of: keep, 1, each: scale), width: small.width, scale: scale)
    mostCrossed = keep.isEmpty ? small.height / 8 : 0
    columns = (0..<small.height).flatMap { _ in (0..<small.width).map { UInt16($0) } }
  }

  private static func protection(of keep: [UInt8], width: Int, scale: Int) -> [Float] {
    // Between two rows of a smaller image a seam is a straight line, which must not cut a corner.
    let rows = scale == 1 ? [0] : [0, -width, width]
    return keep.indices.map { index in
      rows.contains { keep.indices.contains(index + $0) && keep[index + $0] != 0 } ? protected : 0
    }
  }

  /// The smallest scale at which the seams take no longer than they may.
  static func scale(_ width: Int, _ height: Int, _ excess: Int, atMost most: Int = most) -> Int {
    var scale = 1
    while (width / scale) * (height / scale) * (excess / scale) > most { scale += 1 }
    return scale
  }

  /// The likelihood that each pixel is the subject's: 255 for the most salient.
  static func subject(of picture: Raster, _ control: EngineControl) throws -> [UInt8] {
    var map = [UInt8](repeating: 0, count: picture.width * picture.height)
    try map.withUnsafeMutableBufferPointer { map in
      try Codec.call("image", control) {
        imaging_subject_map(
          picture.bytes, Int32(picture.width), Int32(picture.height), map.baseAddress, $0, $1)
      }
    }
    return map
  }

  /// The image without its seams.
  var picture: Raster {
    Raster(
      width: whole.width - removed, height: whole.height,
      bytes: withoutSeams(whole.bytes, 3))
  }

  /// The alpha; nil for none.
  var alpha: [UInt8]? { opacity.isEmpty ? nil : withoutSeams(opacity, 1) }

  /// Removes seams until the excess is gone, or until even the cheapest would cut through a kept
  /// part: a face must not lose lines.
  mutating func narrow(_ control: EngineControl) throws {
    var seam = [Int](repeating: 0, count: height)
    while removed < excess {
      try control.check()
      findSeam(&seam)
      let crossed = seam.indices.count {
        guardedCost[$0 * stride + seam[$0]] > Self.spared * 0.6
      }
      if crossed > mostCrossed { return }
      remove(seam)
    }
  }

  private var seams: Int { stride - width }

  /// Columns that the seams take from the whole image.
  private var removed: Int { min(seams * scale, excess) }

  /// The values of the whole image without those of the seams.
  ///
  /// A seam lies between two rows of the smaller image where a straight line would: the n-th column
  /// from the left that is missing in both.
  private func withoutSeams(_ values: [UInt8], _ size: Int) -> [UInt8] {
    let (seams, removed) = (seams, removed)
    let missing = missingColumns()
    let rowBytes = whole.width * size
    let count = (whole.width - removed) * size * whole.height
    return [UInt8](unsafeUninitializedCapacity: count) { result, resultCount in
      var to = 0
      func copy(_ from: Int, _ end: Int) {
        guard end > from else { return }
        _ = result[to..<(to + end - from)].initialize(fromContentsOf: values[from..<end])
        to += end - from
      }
      for row in 0..<whole.height {
        // In parts of a row of the smaller image, 2 × scale in all.
        let place = min(max(2 * row + 1 - scale, 0), 2 * scale * (height - 1))
        let (above, part) = place.quotientAndRemainder(dividingBy: 2 * scale)
        let below = min(above + 1, height - 1)
        var from = row * rowBytes
        for seam in 0..<seams {
          let upper = missing[above * seams + seam]
          let lower = missing[below * seams + seam]
          let column = (upper * (2 * scale - part) + lower * part + 1) / 2
          copy(from, row * rowBytes + column * size)
          // Together as wide as what is removed.
          let wide = (seam + 1) * removed / seams - seam * removed / seams
          from = row * rowBytes + (column + wide) * size
        }
        copy(from, (row + 1) * rowBytes)
      }
      resultCount = to
    }
  }

  /// The columns of the smaller image that each row has lost, from left to right.
  private func missingColumns() -> [Int] {
    var missing: [Int] = []
    missing.reserveCapacity(seams * height)
    for row in 0..<height {
      var next = 0
      for left in columns[(row * stride)..<(row * stride + width)] {
        missing += next..<Int(left)
        next = Int(left) + 1
      }
      missing += next..<stride
    }
    return missing
  }

  private mutating func findSeam(_ seam: inout [Int]) {
    let (width, height, stride) = (width, height, stride)
    cost.withUnsafeMutableBufferPointer { cost in
      luma.withUnsafeBufferPointer { luma in
        guardedCost.withUnsafeBufferPointer { guarded in
          guard let cost = cost.baseAddress, let luma = luma.baseAddress,
            let guarded = guarded.baseAddress
          else { return }
          Self.firstRow(cost, luma, guarded, width)
          for row in 1..<max(height, 1) {
            let at = row * stride
            imaging_seam_row(
              cost + at, cost + at - stride, luma + at, luma + at - stride, guarded + at,
              Int32(width))
          }
          var column = 0
          let last = cost + (height - 1) * stride
          for candidate in 1..<width where last[candidate] < last[column] { column = candidate }
          seam[height - 1] = column
          for row in Swift.stride(from: height - 1, to: 0, by: -1) {
            column = Self.stepUp(
              column, cost + (row - 1) * stride, luma + row * stride, luma + (row - 1) * stride,
              width)
            seam[row - 1] = column
          }
        }
      }
    }
  }

  private static func firstRow(
    _ cost: UnsafeMutablePointer<Float>, _ luma: UnsafePointer<Float>,
    _ guarded: UnsafePointer<Float>, _ width: Int
  ) {
    for column in 0..<width {
      let left = luma[max(column - 1, 0)]
      let right = luma[min(column + 1, width - 1)]
      cost[column] = abs(right - left) + guarded[column]
    }
  }

  /// The row-above neighbour that the cheapest path to a pixel came from.
  private static func stepUp(
    _ column: Int, _ above: UnsafePointer<Float>, _ luma: UnsafePointer<Float>,
    _ lumaAbove: UnsafePointer<Float>, _ width: Int
  ) -> Int {
    let left = luma[max(column - 1, 0)]
    let right = luma[min(column + 1, width - 1)]
    var best = column
    var least = above[column]
    if column > 0 {
      let there = above[column - 1] + abs(lumaAbove[column] - left)
      if there < least { (best, least) = (column - 1, there) }
    }
    if column < width - 1 {
      let there = above[column + 1] + abs(lumaAbove[column] - right)
      if there < least { (best, least) = (column + 1, there) }
    }
    return best
  }

  private mutating func remove(_ seam: [Int]) {
    let (width, stride) = (width, stride)
    func close<Element>(_ values: inout [Element]) {
      values.withUnsafeMutableBufferPointer { values in
        guard let base = values.baseAddress else { return }
        for (row, column) in seam.enumerated() {
          let gap = base + row * stride + column
          gap.update(from: gap + 1, count: width - 1 - column)
        }
      }
    }
    close(&columns)
    close(&luma)
    close(&guardedCost)
    self.width -= 1
  }
}
