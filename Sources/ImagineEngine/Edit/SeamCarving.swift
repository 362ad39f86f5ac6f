import CImaging
import ImagineAPI

/// Narrows an image by removing, repeatedly, the top-to-bottom seam that is missed least (forward
/// energy: the cost is that of the edges that become neighbours).
struct SeamCarving {
  /// The cost of a seam through a protected pixel; more than any seam around it.
  private static let protected: Float = 60_000

  /// The cost of each subject pixel that a seam crosses; as much as a clear edge.
  private static let spared: Float = 60

  private var width: Int
  private let height: Int
  private let stride: Int
  private var pixels: [UInt8]
  /// Empty for an image without alpha.
  private var opacity: [UInt8]
  private var luma: [Float]
  private var guardedCost: [Float]
  /// The most kept pixels that a seam may cross.
  private let mostCrossed: Int
  private var cost: [Float]

  /// `keep` is 255 where the image must keep its form. When it is empty, the salient parts are
  /// spared.
  init(_ picture: Raster, alpha: [UInt8]?, keep: [UInt8], _ control: EngineControl) throws {
    width = picture.width
    height = picture.height
    stride = picture.width
    pixels = picture.bytes
    opacity = alpha ?? []
    let (bytes, opacity) = (pixels, opacity)
    luma = (0..<(picture.width * picture.height)).map { index -> Float in
      let red = Int(bytes[index * 3])
      let green = Int(bytes[index * 3 + 1])
      let blue = Int(bytes[index * 3 + 2])
      let level = Float((red + 2 * green + blue) / 4)
      // The colour of a clear pixel is invisible, so it must not count.
      return opacity.isEmpty ? level : level * Float(opacity[index]) / 255
    }
    cost = [Float](repeating: 0, count: luma.count)
    guardedCost =
      keep.isEmpty
      ? try Self.subject(of: picture, control).map { Float($0) * Self.spared / 255 }
      : keep.map { $0 == 0 ? 0 : Self.protected }
    mostCrossed = keep.isEmpty ? picture.height / 8 : 0
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

  /// The image in its present state.
  var picture: Raster {
    Raster(width: width, height: height, bytes: gathered(pixels, 3))
  }

  /// The alpha; nil for none.
  var alpha: [UInt8]? { opacity.isEmpty ? nil : gathered(opacity, 1) }

  /// Removes seams until `target` columns are left, or until even the cheapest would cut through a
  /// kept part: a face must not lose lines.
  mutating func narrow(to target: Int, _ control: EngineControl) throws {
    var seam = [Int](repeating: 0, count: height)
    while width > target {
      try control.check()
      findSeam(&seam)
      let crossed = seam.indices.count {
        guardedCost[$0 * stride + seam[$0]] > Self.spared * 0.6
      }
      if crossed > mostCrossed { return }
      remove(seam)
    }
  }

  private func gathered(_ values: [UInt8], _ size: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(width * height * size)
    for row in 0..<height {
      result += values[(row * stride * size)..<((row * stride + width) * size)]
    }
    return result
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
    func close<Element>(_ values: inout [Element], _ size: Int) {
      values.withUnsafeMutableBufferPointer { values in
        guard let base = values.baseAddress else { return }
        for (row, column) in seam.enumerated() {
          let gap = base + (row * stride + column) * size
          gap.update(from: gap + size, count: (width - 1 - column) * size)
        }
      }
    }
    close(&pixels, 3)
    if !opacity.isEmpty { close(&opacity, 1) }
    close(&luma, 1)
    close(&guardedCost, 1)
    self.width -= 1
  }
}
