/// Land seen in true perspective: a height above every point of a plane, walked along the ray of
/// each column from the camera outwards.
extension Painter {
  func paintTerrain(_ canvas: Canvas) {
    let land = Land(self, canvas.view)
    let water = WaterMarks(canvas)
    let table = LandTable(land, self, canvas)
    Bands.run(0..<canvas.width, size: 16) { columns in
      var walk = TerrainWalk(land: land, painter: self, canvas: canvas, table: table)
      for column in columns { walk.paint(column, water) }
    }
    if land.hasWater { paintWater(canvas, only: water) }
  }
}

/// Which pixels show water, and how far away it is.
final class WaterMarks: @unchecked Sendable {
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

/// Walks one column at a time, from the viewer outwards, and paints what is seen from afar to near.
private struct TerrainWalk {
  /// A point of the land that is seen.
  private struct Seen {
    var y: Float
    var z: Float
    var sample: LandTable.Sample
    /// How much of it the air hides.
    var haze: Float
    /// Where the land before it ends; set where it comes into sight behind a crest.
    var crest: Float?
  }

  let land: Land
  let painter: Painter
  let canvas: Canvas
  let table: LandTable
  private let distances: [Float]
  private let hazes: [Float]
  private var line: [LandTable.Sample]
  private var seen: [Seen] = []

  init(land: Land, painter: Painter, canvas: Canvas, table: LandTable) {
    self.land = land
    self.painter = painter
    self.canvas = canvas
    self.table = table
    distances = table.distances()
    hazes = distances.map { Air(painter, depth: $0 / land.farthest * 0.95).amount }
    line = [LandTable.Sample](repeating: .zero, count: table.steps)
  }

  mutating func paint(_ column: Int, _ water: WaterMarks) {
    table.column(column, into: &line)
    let slope = canvas.x(column, 0.35) / LandTable.focal
    collect()
    let scale = Float(canvas.height)
    if land.hasWater, let last = seen.last { markFarWater(column, above: last.y * scale, water) }
    for index in seen.indices.reversed() {
      let upper = seen[index]
      if let crest = upper.crest {
        fill(column, slope, upper, upper, from: upper.y * scale, to: crest * scale + 1, water)
      } else {
        let lower = seen[index - 1]
        fill(column, slope, upper, lower, from: upper.y * scale, to: lower.y * scale, water)
      }
    }
  }

  private mutating func collect() {
    seen.removeAll(keepingCapacity: true)
    let zoom = 1 + (canvas.view.zoom - 1) * 0.35
    let lift = canvas.view.lift * 0.35
    // What lies below the picture's edge is the ground at the viewer's feet.
    var top: Float = 1.2
    var wasHidden = true
    for step in 0..<table.steps {
      var sample = line[step]
      let z = distances[step]
      if land.hasWater { sample.x = max(sample.x, 0) }
      let plain = land.horizon + LandTable.focal * (land.eye - sample.x) / z
      let y = (plain - 0.5 - lift) * zoom + 0.5
      if y < top {
        seen.append(
          Seen(
            y: y, z: z, sample: sample, haze: hazes[step], crest: wasHidden ? top : nil))
        top = y
        wasHidden = false
      } else {
        wasHidden = true
      }
    }
  }

  /// Between the farthest land and the horizon there is water.
  private func markFarWater(_ column: Int, above row: Float, _ water: WaterMarks) {
    let horizonRow = canvas.pixel(Point(0, land.horizon), 0.35).y
    let last = min(Int(max(row, 0)) + 1, canvas.height)
    for row in max(0, Int(max(horizonRow, 0)))..<max(last, max(0, Int(max(horizonRow, 0)))) {
      water.distances[row * canvas.width + column] = land.farthest
    }
  }

  private func fill(
    _ column: Int, _ slope: Float, _ upper: Seen, _ lower: Seen, from top: Float, to bottom: Float,
    _ water: WaterMarks
  ) {
    let first = max(0, Int(max(top, 0)))
    let last = min(canvas.height - 1, Int(min(bottom, Float(canvas.height))))
    if first > last { return }
    let scale = 1 / max(bottom - top, 0.0001)
    for row in first...last {
      let t = Elementary.clamp((Float(row) + 0.5 - top) * scale)
      let z = Elementary.mix(upper.z, lower.z, t)
      let sample = upper.sample.mixed(lower.sample, t)
      let coverage = Elementary.clamp(Float(row + 1) - top)
      let haze = Elementary.mix(upper.haze, lower.haze, t)
      shade(row, column, slope * z, z, sample, coverage, haze, water)
    }
  }

  @inline(__always)
  private func shade(
    _ row: Int, _ column: Int, _ x: Float, _ z: Float, _ sample: LandTable.Sample,
    _ coverage: Float, _ haze: Float, _ water: WaterMarks
  ) {
    let index = row * canvas.width + column
    if land.hasWater, sample.x <= 0.001 {
      water.distances[index] = z
      return
    }
    let worldX = x + land.pan
    let worldZ = z + land.advance
    let rough = land.roughness(worldX, worldZ, distance: z)
    let east = sample.y + rough.slope.x
    let north = sample.z + rough.slope.y
    let steepness = (1 + east * east + north * north).squareRoot()
    let normal = SIMD3<Float>(-east, 1, north) / steepness
    let level = 1 / (1 + sample.y * sample.y + sample.z * sample.z).squareRoot()
    let ground = land.ground(worldX, worldZ, sample.x, level: level, fine: rough.fine)
    var colour = painter.lamp.light(ground, normal, shine: 0, rim: false)
    colour += land.grid(worldX, worldZ)
    colour = colour.mixed(painter.scene.palette.haze, haze)
    colour.w = z / land.farthest
    if coverage > 0.5 { water.distances[index] = 0 }
    canvas.pixels[index] = canvas.pixels[index].mixed(colour, coverage)
  }
}
