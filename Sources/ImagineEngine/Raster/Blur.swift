/// Blurs by running sums.
enum Blur {
  /// A box blur of one number per pixel, in place; values past the edge count as 0.
  static func box(_ field: inout [Float], _ width: Int, _ height: Int, radius: Int) {
    var source = [Float](repeating: 0, count: max(width, height))
    field.withUnsafeMutableBufferPointer { field in
      source.withUnsafeMutableBufferPointer { source in
        guard let field = field.baseAddress, let source = source.baseAddress else { return }
        for row in 0..<height { line(field + row * width, 1, width, radius, source) }
        for column in 0..<width { line(field + column, width, height, radius, source) }
      }
    }
  }

  private static func line(
    _ field: UnsafeMutablePointer<Float>, _ step: Int, _ count: Int, _ radius: Int,
    _ source: UnsafeMutablePointer<Float>
  ) {
    let scale = 1 / Float(2 * radius + 1)
    for index in 0..<count { source[index] = field[index * step] }
    var sum: Float = 0
    for index in 0..<min(radius, count) { sum += source[index] }
    for index in 0..<count {
      if index + radius < count { sum += source[index + radius] }
      field[index * step] = sum * scale
      if index - radius >= 0 { sum -= source[index - radius] }
    }
  }

  /// A box blur of colours, in place; the edge's colours continue past it.
  static func box(_ cells: inout [Colour], _ columns: Int, _ rows: Int, radius: Int) {
    func pass(_ lines: Int, _ count: Int, _ lineStep: Int, _ step: Int) {
      cells.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let out = buffer
        Bands.run(0..<lines, size: 32) { band in
          for line in band {
            let start = line * lineStep
            let source = (0..<count).map { out[start + $0 * step] }
            var sum = Colour.zero
            for index in -radius...radius { sum += source[min(max(index, 0), count - 1)] }
            let scale = Colour(repeating: 1 / Float(2 * radius + 1))
            for index in 0..<count {
              out[start + index * step] = sum * scale
              sum += source[min(index + radius + 1, count - 1)] - source[max(index - radius, 0)]
            }
          }
        }
      }
    }
    pass(rows, columns, columns, 1)
    pass(columns, rows, 1, columns)
  }

  /// The colours of an image, scaled down and blurred: three numbers (0 … 255) per cell.
  static func small(_ picture: Raster, factor: Int) -> (cells: [Float], width: Int, height: Int) {
    var planes: [[Float]] = []
    var size = (width: 0, height: 0)
    for channel in 0..<3 {
      let plane = (0..<(picture.width * picture.height)).map { picture.bytes[$0 * 3 + channel] }
      let (cells, width, height) = small(plane, picture.width, picture.height, factor: factor)
      planes.append(cells)
      size = (width, height)
    }
    let cells = (0..<(size.width * size.height * 3)).map { planes[$0 % 3][$0 / 3] * 255 }
    return (cells, size.width, size.height)
  }

  /// A plane of one byte per pixel, scaled down and blurred: 0 … 1 per cell.
  static func small(_ plane: [UInt8], _ width: Int, _ height: Int, factor: Int) -> (
    cells: [Float], width: Int, height: Int
  ) {
    let columns = max(1, width / factor)
    let rows = max(1, height / factor)
    var cells = [Float](repeating: 0, count: columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        // A side shorter than one cell becomes one cell.
        let across = (column * factor)..<min((column + 1) * factor, width)
        let down = (row * factor)..<min((row + 1) * factor, height)
        var sum = 0
        for y in down {
          for x in across { sum += Int(plane[y * width + x]) }
        }
        cells[row * columns + column] = Float(sum) / Float(across.count * down.count * 255)
      }
    }
    for _ in 0..<2 { box(&cells, columns, rows, radius: 3) }
    return (cells, columns, rows)
  }
}
