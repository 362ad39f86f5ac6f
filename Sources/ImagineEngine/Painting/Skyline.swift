/// A city: rows of towers, distant ones in haze, with lit windows after dark, and a river in front
/// that mirrors them.
extension Painter {
  func paintSkyline(_ canvas: Canvas) {
    var stream = scene.stream.split("skyline")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5 + 0.35
    let shore = scene.horizon + 0.03
    let rows = (0..<4).map { row in
      TowerRow(
        towers: makeTowers(row: row, half: half, &stream), depth: 0.85 - Float(row) * 0.22,
        nearness: 0.15 + Float(row) * 0.08, shore: shore, canvas)
    }
    for (index, row) in rows.enumerated() {
      // Skip what a nearer row hides.
      let hidden = (0..<canvas.width).map { column in
        rows[(index + 1)...].reduce(canvas.height) { min($0, $1.tops[column]) }
      }
      let last = canvas.pixel(Point(0, shore), row.nearness).y
      canvas.inBands(0..<min(canvas.height, Int(max(last, 0)) + 2)) { band in
        for tower in row.towers { paint(tower, row, hidden, shore, band, canvas) }
      }
    }
    paintWater(canvas)
    if scene.subjects.contains(where: \.standsOnGround) { paintQuay(canvas) }
  }

  /// The paved bank in front of the city, for subjects that stand there.
  private func paintQuay(_ canvas: Canvas) {
    let edge: Float = 0.885
    let noise = Noise(scene.stream.split("quay"))
    let first = Int(canvas.pixel(Point(0, edge), 0.7).y)
    canvas.inBands(max(0, min(first, canvas.height))..<canvas.height) { band in
      for row in band {
        let below = canvas.y(row, 0.7) - edge
        let line = canvas.pixels + row * canvas.width
        let z = 0.5 / (max(below, 0) + 0.12)
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.7) * z
          let joint = max(
            Elementary.smooth(0.46, 0.49, abs(Elementary.fraction(x * 1.3) - 0.5)),
            Elementary.smooth(0.44, 0.49, abs(Elementary.fraction(z * 2) - 0.5)))
          let rough = noise.cloud(x * 5, z * 5, octaves: 3) - 0.5
          var albedo = Colour(0x8C_88_84).lit(1 + rough * 0.5 - joint * 0.3)
          if below < 0.012 { albedo = Colour(0xB8_B2_A8) }
          var colour = sceneLight.light(albedo, SIMD3(rough * 0.2, 0.95, 0.3), shine: 0, rim: false)
          if sceneLight.isLit { colour += albedo * scene.glow * Colour(repeating: 0.12) }
          colour.w = 0.14
          line[column] = colour
        }
      }
    }
  }

  private func makeTowers(row: Int, half: Float, _ stream: inout RandomStream) -> [Tower] {
    var towers: [Tower] = []
    let near = Float(row) / 3
    var x = -half
    let peak = stream.within(-0.25...0.25)
    while x < half {
      let width = stream.within(0.035...0.085) * (0.8 + near * 0.5)
      let fromPeak = abs(x - peak) / half
      var height = stream.within(0.1...0.32) * (1.15 - near * 0.45)
      if stream.chance(0.22) { height += stream.within(0.08...0.2) * (1 - fromPeak) }
      height *= 1 - fromPeak * 0.35
      towers.append(
        Tower(
          left: x, right: x + width, height: height, roof: stream.whole(0...5),
          tone: stream.unit(), style: stream.whole(0...3),
          seed: UInt32(truncatingIfNeeded: stream.next())))
      x += width * stream.within(0.75...1.25)
    }
    return towers
  }

  private func paint(
    _ tower: Tower, _ towers: TowerRow, _ hidden: [Int], _ shore: Float, _ band: Range<Int>,
    _ canvas: Canvas
  ) {
    let depth = towers.depth
    let nearness = towers.nearness
    let low = canvas.pixel(Point(tower.left, shore - tower.height - 0.1), nearness)
    let high = canvas.pixel(Point(tower.right, shore), nearness)
    let around = Bounds(low, high)
    let rows = around.rows(within: canvas).clamped(to: band)
    let columns = around.columns(within: canvas)
    if rows.isEmpty || columns.isEmpty { return }
    let edge = 0.7 * Float(canvas.height)
    for row in rows {
      let line = canvas.pixels + row * canvas.width
      let up = shore - canvas.y(row, nearness)
      for column in columns where row <= hidden[column] {
        let x = canvas.x(column, nearness)
        let u = (x - tower.left) / (tower.right - tower.left)
        let top = tower.top(u)
        let coverage =
          Elementary.clamp((top - up) * edge + 0.5)
          * Elementary.clamp((x - tower.left) * edge + 0.5)
          * Elementary.clamp((tower.right - x) * edge + 0.5)
        if coverage <= 0 { continue }
        var colour = wall(tower, u, up, depth, rows: canvas.height)
        colour.w = depth
        line[column] = line[column].mixed(colour, coverage)
      }
    }
  }

  @inline(__always)
  private func wall(
    _ tower: Tower, _ u: Float, _ up: Float, _ depth: Float, rows: Int
  ) -> Colour {
    // The side away from the sun takes the last quarter of the width.
    let sunSide: Float = sceneLight.direction.x > 0 ? u : 1 - u
    let isFront = sunSide > 0.3
    let normal =
      isFront
      ? SIMD3<Float>(sceneLight.direction.x > 0 ? 0.5 : -0.5, 0.1, 0.86)
      : SIMD3<Float>(sceneLight.direction.x > 0 ? -0.9 : 0.9, 0, 0.4)
    let albedo = Self.wallColours[tower.style].mixed(Colour(0x50_5C_6C), tower.tone * 0.6)
    var colour = sceneLight.light(albedo, normal, shine: 0)
    let columns = max(3, Elementary.floor((tower.right - tower.left) * 95))
    let gx = u * columns
    let gy = up * 62
    let fx = Elementary.fraction(gx)
    let fy = Elementary.fraction(gy)
    // A window's edge is one pixel soft; otherwise it would crawl when the camera moves.
    let pixel = 1 / Float(rows)
    let across: Float =
      tower.style == 1
      ? 1 : Self.covered(fx, 0.22, 0.78, columns * pixel / (tower.right - tower.left))
    let inside = across * Self.covered(fy, 0.28, 0.74, 62 * pixel)
    if inside > 0, up < tower.height * 0.97 {
      var window: Colour
      let cell = Noise.cell(Int32(gx) + (isFront ? 0 : 50), Int32(gy), tower.seed)
      let isOn = sceneLight.isLit && cell < (scene.isDark ? 0.5 : 0.3)
      if isOn {
        let warm = Noise.cell(Int32(gx), Int32(gy), tower.seed &+ 7)
        var light = Colour(0xFF_CC_7C).mixed(Colour(0xD8_EC_FF), warm > 0.8 ? 1 : warm * 0.3)
        if sceneLight.isNeon, warm > 0.55 { light = light.mixed(scene.glow, 0.8) }
        window = light.lit(0.5 + 0.7 * Noise.cell(Int32(gy), Int32(gx), tower.seed))
      } else {
        let mirror = scene.palette.horizon.mixed(scene.palette.zenith, Elementary.clamp(up * 2))
        window = colour.mixed(mirror * Colour(repeating: isFront ? 0.5 : 0.24), 0.7)
      }
      colour = colour.mixed(window, inside)
    }
    if sceneLight.isNeon {
      // Strips of light up the corners and along some floors.
      let strip = Elementary.smooth(0.035, 0.0, min(u, 1 - u)) * (tower.tone > 0.5 ? 1 : 0)
      let floor =
        Elementary.smooth(0.06, 0, abs(Elementary.fraction(up * 9 + tower.tone) - 0.5))
        * (tower.style == 2 ? 0.8 : 0)
      let hue = scene.glow.mixed(
        Colour(scene.glow.z, scene.glow.x, scene.glow.y, 0), tower.tone > 0.75 ? 1 : 0)
      colour += hue * Colour(repeating: max(strip, floor) * 0.9)
    }
    return hazed(colour, depth * 0.7 + Elementary.smooth(0.12, 0, up) * 0.12 * depth)
  }

  /// How much of a pixel of width `size` at `x` lies between two edges.
  @inline(__always)
  private static func covered(_ x: Float, _ low: Float, _ high: Float, _ size: Float) -> Float {
    Elementary.clamp((min(x + size * 0.5, high) - max(x - size * 0.5, low)) / size)
  }

  private static let wallColours = [
    Colour(0x8C_84_7C), Colour(0x6C_7C_8C), Colour(0x48_50_5C), Colour(0xA4_90_7C),
  ]
}

/// Towers at one distance.
private struct TowerRow: Sendable {
  let towers: [Tower]
  let depth: Float
  let nearness: Float
  /// For each column, the pixel row from which on towers fill it.
  let tops: [Int]

  init(towers: [Tower], depth: Float, nearness: Float, shore: Float, _ canvas: Canvas) {
    self.towers = towers
    self.depth = depth
    self.nearness = nearness
    var tops = [Int](repeating: canvas.height, count: canvas.width)
    for tower in towers {
      let roof = canvas.pixel(Point(tower.left, shore - tower.height), nearness)
      let right = canvas.pixel(Point(tower.right, shore), nearness).x
      let first = min(max(Int(max(roof.x, 0)) + 2, 0), canvas.width)
      let last = min(max(Int(max(right, 0)) - 2, first), canvas.width)
      for column in first..<last { tops[column] = min(tops[column], Int(max(roof.y, 0)) + 2) }
    }
    self.tops = tops
  }
}

private struct Tower: Sendable {
  let left: Float
  let right: Float
  let height: Float
  let roof: Int
  let tone: Float
  let style: Int
  let seed: UInt32

  /// The height of the roof's edge across the width (0 … 1).
  @inline(__always)
  func top(_ u: Float) -> Float {
    let off = abs(u - 0.5)
    switch roof {
    case 1: return height + (off < 0.3 ? 0.022 : 0) + (off < 0.14 ? 0.022 : 0)
    case 2: return height + (off < 0.02 ? 0.07 : 0) + max(0, 0.25 - off) * 0.1
    case 3: return height + u * 0.035
    case 4: return height + 0.03 * (max(0, 0.25 - off * off)).squareRoot() * 2
    default: return height + (off < 0.025 && tone > 0.6 ? 0.05 : 0)
    }
  }
}
