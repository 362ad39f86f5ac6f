/// Land in true perspective: a height field, ray-marched column by column from the camera outwards.
extension Painter {
  func paintTerrain(_ canvas: Canvas) {
    let land = Land(self, canvas.view)
    let water = WaterMask(canvas)
    let table = LandTable(land, self, canvas)
    Bands.run(0..<canvas.width, size: 16) { columns in
      var walk = TerrainWalk(land: land, painter: self, canvas: canvas, table: table)
      for column in columns { walk.paint(column, water) }
    }
    if land.hasWater { paintWater(canvas, only: water) }
  }
}

/// Which pixels show water, and its distance.
final class WaterMask: @unchecked Sendable {
  // Written by columns while the land is painted, then only read.
  let distances: UnsafeMutablePointer<Float>
  private let count: Int

  init(_ canvas: Canvas) {
    count = canvas.width * canvas.height
    distances = .allocate(capacity: count)
    distances.initialize(repeating: 0, count: count)
  }

  deinit { distances.deallocate() }
}

/// Walks one column at a time from the viewer outwards, and paints the visible points from far to
/// near.
private struct TerrainWalk {
  /// A visible point of the land.
  private struct VisiblePoint {
    var y: Float
    var z: Float
    var sample: LandTable.Sample
    /// The ground's colour; in smooth styles, already with its light and haze.
    var colour: Colour
    /// The fraction that haze hides.
    var haze: Float
    /// The y where the nearer land ends; set where the point appears behind a crest.
    var crest: Float?
  }

  private let land: Land
  private let painter: Painter
  private let canvas: Canvas
  private let table: LandTable
  private let distances: [Float]
  private let hazes: [Float]
  /// True when light is computed at the visible points, not per pixel.
  private let isSmooth: Bool
  private var line: [LandTable.Sample]
  private var seen: [VisiblePoint] = []

  init(land: Land, painter: Painter, canvas: Canvas, table: LandTable) {
    self.land = land
    self.painter = painter
    self.canvas = canvas
    self.table = table
    distances = table.distances()
    hazes = distances.map { Air(painter, depth: $0 / land.farthest * 0.95).amount }
    isSmooth = !land.isRough && painter.rendering.shading != .cel
    line = [LandTable.Sample](repeating: .zero, count: table.steps)
  }

  mutating func paint(_ column: Int, _ water: WaterMask) {
    table.column(column, into: &line)
    let slope = canvas.x(column, 0.35) / LandTable.focal
    collect(slope)
    let scale = Float(canvas.height)
    if land.hasWater, let last = seen.last { markFarWater(column, above: last.y * scale, water) }
    for index in seen.indices.reversed() {
      let upper = seen[index]
      let isOutline = index + 1 == seen.count || seen[index + 1].crest != nil
      var lower = upper
      var bottom = upper.y * scale
      if let crest = upper.crest {
        bottom = crest * scale + 1
      } else {
        lower = seen[index - 1]
        bottom = lower.y * scale
      }
      let top = upper.y * scale
      let first = max(0, Int(max(top, 0)) + (isOutline ? 0 : 1))
      let last = min(canvas.height - 1, Int(min(bottom, scale)))
      if first > last { continue }
      let perRow = 1 / max(bottom - top, 0.0001)
      for row in first...last {
        let t = Elementary.clamp((Float(row) + 0.5 - top) * perRow)
        let coverage = isOutline ? Elementary.clamp(Float(row + 1) - top) : 1
        shade(row, column, slope, upper, lower, t, coverage, water)
      }
    }
  }

  /// Collects the visible points of the column; points closer together than one row are skipped.
  private mutating func collect(_ slope: Float) {
    seen.removeAll(keepingCapacity: true)
    let zoom = 1 + (canvas.view.zoom - 1) * 0.35
    let lift = canvas.view.lift * 0.35
    let row = 1 / Float(canvas.height)
    // Below the image's edge lies the ground at the viewer's feet.
    var top: Float = 1.2
    var kept: Float = 2
    var skipped: (y: Float, step: Int)?
    var wasHidden = true
    for step in 0..<table.steps {
      if land.hasWater { line[step].x = max(line[step].x, 0) }
      let plain = land.horizon + LandTable.focal * (land.eye - line[step].x) / distances[step]
      let y = (plain - 0.5 - lift) * zoom + 0.5
      if y >= top {
        // Keep the last point before a crest hides the rest: it is the outline.
        if let last = skipped { keep(last.step, last.y, slope, crest: nil) }
        skipped = nil
        wasHidden = true
        continue
      }
      if wasHidden || kept - y >= row {
        keep(step, y, slope, crest: wasHidden ? top : nil)
        kept = y
        skipped = nil
      } else {
        skipped = (y, step)
      }
      top = y
      wasHidden = false
    }
    if let last = skipped { keep(last.step, last.y, slope, crest: nil) }
  }

  private mutating func keep(_ step: Int, _ y: Float, _ slope: Float, crest: Float?) {
    let sample = line[step]
    let z = distances[step]
    let level = 1 / (1 + sample.y * sample.y + sample.z * sample.z).squareRoot()
    var colour = land.ground(
      slope * z + land.pan, z + land.advance, sample.x, level: level)
    if isSmooth {
      let east = sample.y * land.relief
      let north = sample.z * land.relief
      let steepness = (1 + east * east + north * north).squareRoot()
      let normal = SIMD3<Float>(-east, 1, north) / steepness
      colour = painter.sceneLight.light(colour, normal, shine: 0, rim: false)
        .mixed(painter.scene.palette.haze, hazes[step])
    }
    seen.append(
      VisiblePoint(y: y, z: z, sample: sample, colour: colour, haze: hazes[step], crest: crest))
  }

  /// Between the farthest land and the horizon there is water.
  private func markFarWater(_ column: Int, above row: Float, _ water: WaterMask) {
    let horizonRow = canvas.pixel(Point(0, land.horizon), 0.35).y
    let last = min(Int(max(row, 0)) + 1, canvas.height)
    for row in max(0, Int(max(horizonRow, 0)))..<max(last, max(0, Int(max(horizonRow, 0)))) {
      water.distances[row * canvas.width + column] = land.farthest
    }
  }

  @inline(__always)
  private func shade(
    _ row: Int, _ column: Int, _ slope: Float, _ upper: VisiblePoint, _ lower: VisiblePoint,
    _ t: Float,
    _ coverage: Float, _ water: WaterMask
  ) {
    let index = row * canvas.width + column
    let z = Elementary.mix(upper.z, lower.z, t)
    let sample = upper.sample.mixed(lower.sample, t)
    if land.hasWater {
      if sample.x <= 0.001 {
        water.distances[index] = z
        return
      }
      if coverage > 0.5 { water.distances[index] = 0 }
    }
    var colour = upper.colour.mixed(lower.colour, t)
    if !isSmooth {
      let x = slope * z + land.pan
      let worldZ = z + land.advance
      let rough = land.roughness(x, worldZ, distance: z)
      let east = sample.y * land.relief + rough.slope.x
      let north = sample.z * land.relief + rough.slope.y
      let steepness = (1 + east * east + north * north).squareRoot()
      colour = painter.sceneLight.light(
        colour.lit(1 + rough.fine * 0.9), SIMD3(-east, 1, north) / steepness, shine: 0, rim: false)
      if painter.sceneLight.shading == .neon { colour += land.grid(x, worldZ) }
      colour = colour.mixed(
        painter.scene.palette.haze, Elementary.mix(upper.haze, lower.haze, t))
    }
    colour.w = z / land.farthest
    canvas.pixels[index] = canvas.pixels[index].mixed(colour, coverage)
  }
}
