import CImaging

/// Narrows a picture by taking out, again and again, the line from top to bottom whose absence is
/// least seen (forward energy: what counts is the edges that would come to lie side by side).
struct SeamCarving {
  /// What a seam through a protected pixel costs, more than any seam around it.
  private static let protected: Float = 60_000

  private var width: Int
  private let height: Int
  private let stride: Int
  private var pixels: [UInt8]
  private var luma: [Float]
  private var guardedCost: [Float]
  private var cost: [Float]

  /// `keep` is 255 where the picture must keep its form, or empty.
  init(_ picture: Raster, keep: [UInt8]) {
    width = picture.width
    height = picture.height
    stride = picture.width
    pixels = picture.bytes
    let bytes = picture.bytes
    luma = (0..<(picture.width * picture.height)).map { index -> Float in
      let red = Int(bytes[index * 3])
      let green = Int(bytes[index * 3 + 1])
      let blue = Int(bytes[index * 3 + 2])
      return Float((red + 2 * green + blue) / 4)
    }
    guardedCost =
      keep.isEmpty
      ? [Float](repeating: 0, count: luma.count) : keep.map { $0 == 0 ? 0 : Self.protected }
    cost = [Float](repeating: 0, count: luma.count)
  }

  /// The picture with its columns reduced to `target`.
  mutating func narrowed(to target: Int) -> Raster {
    var seam = [Int](repeating: 0, count: height)
    while width > target {
      findSeam(&seam)
      remove(seam)
    }
    var result = Raster(width: width, height: height)
    for row in 0..<height {
      let from = row * stride * 3
      result.bytes.replaceSubrange(
        (row * width * 3)..<((row + 1) * width * 3), with: pixels[from..<(from + width * 3)])
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

  /// Where the cheapest way to a pixel came from, in the row above.
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
    close(&luma, 1)
    close(&guardedCost, 1)
    self.width -= 1
  }
}
