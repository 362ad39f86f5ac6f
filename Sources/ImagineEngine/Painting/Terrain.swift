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

/// Heights and colours of the land of a scene, in units of about the viewer's size.
struct Land: Sendable {
  enum Kind { case mountains, dunes, hills, snow, coast, lake }

  let kind: Kind
  let eye: Float
  let horizon: Float
  let hasWater: Bool
  let farthest: Float
  /// How far the camera has moved aside and forwards, in units.
  let pan: Float
  let advance: Float
  private let octaves: Int
  private let texture: Float
  private let shape: Noise
  private let detail: Noise
  private let season: Season
  private let tint: Colour?
  private let side: Float
  private let wind: Float
  private let isCel: Bool
  private let isNeon: Bool
  private let glow: Colour

  init(_ painter: Painter, _ view: View = View()) {
    let scene = painter.scene
    switch scene.place {
    case .mountains: kind = .mountains
    case .desert: kind = .dunes
    case .snow: kind = .snow
    case .coast: kind = .coast
    case .lake: kind = .lake
    default: kind = .hills
    }
    eye = kind == .mountains ? 2.2 : (kind == .dunes ? 2.0 : 1.7)
    horizon = scene.horizon
    hasWater = kind == .coast || kind == .lake
    farthest = 90
    pan = view.pan * 4
    advance = (view.zoom - 1) * 6
    octaves = painter.rendering.octaves
    texture = painter.rendering.texture
    shape = Noise(scene.stream.split("land"))
    detail = Noise(scene.stream.split("ground"))
    season = scene.season
    tint = hasWater ? nil : scene.placeColours.first
    side = scene.sunDirection.x > 0 ? -1 : 1
    wind = painter.time
    isCel = painter.rendering.shading == .cel
    isNeon = painter.rendering.shading == .neon
    glow = scene.glow
  }

  /// Height of the land at a point, in units; water lies at 0 where there is any.
  @inline(__always)
  func height(_ x: Float, _ z: Float, octaves: Int) -> Float {
    switch kind {
    case .mountains:
      let rise = Elementary.smooth(9, 42, z)
      let crest = shape.ridge(x * 0.055, z * 0.055, octaves: octaves)
      let near = shape.cloud(x * 0.16 + 40, z * 0.16, octaves: min(octaves, 5))
      return rise * rise * crest * 19 * (0.45 + rise) + (near - 0.45) * 1.5
    case .dunes:
      let warp = shape.value(x * 0.05 + 9, z * 0.05) * 5
      let wave = shape.value(x * 0.07 + warp * 0.25, z * 0.14 + warp * 0.3)
      let crest = 1 - abs(2 * wave - 1)
      let small = shape.cloud(x * 0.3, z * 0.42, octaves: 2)
      return crest * crest * 3.4 * Elementary.smooth(1, 22, z) + small * 0.55
        + Elementary.smooth(40, 90, z) * 2.4 * shape.cloud(x * 0.03, z * 0.03, octaves: 3)
    case .hills:
      let rolling = shape.cloud(x * 0.06, z * 0.07, octaves: min(octaves, 4))
      let far = Elementary.smooth(26, 80, z)
      return (rolling - 0.42) * (2.2 + far * 8) * Elementary.smooth(2, 20, z)
        + far * far * 6 * shape.ridge(x * 0.03 + 7, z * 0.03, octaves: min(octaves, 5))
    case .snow:
      let rise = Elementary.smooth(14, 60, z)
      return (shape.cloud(x * 0.08, z * 0.09, octaves: min(octaves, 4)) - 0.42) * 2.2
        + rise * rise * 9 * shape.ridge(x * 0.045, z * 0.045, octaves: octaves)
    case .coast:
      // The shore runs from the viewer into the distance on one side.
      let shore = x * side + 0.9 + (shape.cloud(z * 0.12, 3, octaves: 3) - 0.5) * (2 + z * 0.35)
      let beach = shore * 0.13 - z * 0.012
      let cliff = Elementary.smooth(6, 16, shore - z * 0.1) * Elementary.smooth(10, 30, z)
      return min(beach, 0.6) + cliff * 7 * shape.ridge(x * 0.08, z * 0.08, octaves: octaves)
    case .lake:
      let bank = Elementary.smooth(20, 34, z + (shape.cloud(x * 0.1, 5, octaves: 3) - 0.5) * 14)
      let near = Elementary.smooth(3.4, 1.2, z + shape.value(x * 0.5, 2) * 1.4) * 0.34
      let sides = Elementary.smooth(7, 17, abs(x) - z * 0.12)
      let rise = max(bank, sides)
      let far = Elementary.smooth(24, 70, z)
      return near + rise * (0.5 + 2.4 * shape.cloud(x * 0.1, z * 0.1, octaves: min(octaves, 5)))
        + far * far * 17 * shape.ridge(x * 0.045, z * 0.045, octaves: octaves) - 0.16
    }
  }

  /// What the ground is made of at a point; its slope is 1 where it is level.
  @inline(__always)
  func ground(_ x: Float, _ z: Float, _ height: Float, level: Float) -> Colour {
    let patch = detail.cloud(x * 0.4, z * 0.4, octaves: texture > 0.3 ? 3 : 2)
    // Detail too small to see at a distance would only flicker.
    let near = 1 / (1 + z * z * 0.012)
    let fine =
      texture > 0.3 && near > 0.04
      ? (detail.cloud(x * 5, z * 5, octaves: 3) - 0.5) * near * texture : 0
    var colour: Colour
    switch kind {
    case .mountains, .lake:
      let strata = detail.value(x * 0.3, height * 1.7)
      let rock = Colour(0x7C_72_68).mixed(Colour(0x54_50_52), strata)
      let meadow = grass(patch)
      let woods = Colour(0x2A_42_2C).mixed(Colour(0x40_56_30), detail.value(x * 2.2, z * 2.2))
      let snowLine: Float = season == .winter ? 2 : (season == .summer ? 6.4 : 5)
      let line = height + (patch - 0.5) * 3.4
      colour = meadow.mixed(woods, Elementary.smooth(0.5, 1.4, line) * Elementary.smooth(11, 16, z))
      colour = colour.mixed(rock, Elementary.smooth(2.2, 4.4, line + (1 - level) * 3))
      colour = colour.mixed(rock, Elementary.smooth(0.72, 0.56, level))
      colour = colour.mixed(
        Colour(0xEC_F2_FA),
        Elementary.smooth(snowLine, snowLine + 1.1, line) * Elementary.smooth(0.36, 0.6, level))
    case .dunes:
      let ripple = Elementary.sin(
        (x * 0.6 + z * 2.6 + detail.cloud(x * 0.7, z * 0.7, octaves: 2) * 7) * 3)
      colour = Colour(0xD8_A4_64).mixed(Colour(0xE8_BE_80), patch).lit(
        1 + ripple * 0.07 * near * (0.3 + texture))
    case .hills:
      colour = grass(patch)
      let field = detail.value(x * 0.13 + 30, z * 0.11)
      colour = colour.mixed(Colour(0xB8_A8_4C), Elementary.smooth(0.62, 0.72, field) * 0.6)
      colour = colour.mixed(Colour(0x3C_5A_34), Elementary.smooth(2.5, 6, height))
    case .snow:
      colour = Colour(0xE6_EE_F8).mixed(Colour(0xD2_E0_F2), patch)
      colour = colour.mixed(Colour(0x5E_60_68), Elementary.smooth(0.6, 0.45, level) * 0.85)
    case .coast:
      colour = Colour(0xDC_C0_90).mixed(Colour(0xE8_D4_AA), patch)
      colour = colour.mixed(Colour(0x8C_76_5C), Elementary.smooth(0.1, 0.02, height) * 0.7)
      colour = colour.mixed(Colour(0x7C_6E_62), Elementary.smooth(0.75, 1.4, height + patch))
      colour = colour.mixed(
        grass(patch),
        Elementary.smooth(0.5, 0.75, level) * Elementary.smooth(1.2, 2.2, height + patch))
    }
    if let tint { colour = colour.mixed(tint, 0.6) }
    colour = colour.lit(1 + fine * 0.9)
    return colour
  }

  @inline(__always)
  private func grass(_ patch: Float) -> Colour {
    switch season {
    case .spring: Colour(0x5C_9A_3C).mixed(Colour(0x86_B4_4C), patch)
    case .summer: Colour(0x4C_80_34).mixed(Colour(0x84_9C_48), patch)
    case .autumn: Colour(0x9A_7C_3A).mixed(Colour(0xB8_8C_40), patch)
    case .winter: Colour(0xD6_E0_EA).mixed(Colour(0xEE_F2_F8), patch)
    }
  }

  /// The slopes of what is too small for the table of heights: stones, tufts, ripples.
  @inline(__always)
  func roughness(_ x: Float, _ z: Float, distance: Float) -> Point {
    let near = texture / (1 + distance * distance * 0.01)
    if texture < 0.3 || near < 0.03 { return Point(0, 0) }
    let scale: Float = kind == .dunes || kind == .snow ? 2.2 : 5
    let strength: Float = kind == .snow ? 0.25 : (kind == .dunes ? 0.3 : 0.9)
    let a = detail.cloud(x * scale + 7, z * scale, octaves: 2) - 0.5
    let b = detail.cloud(x * scale, z * scale + 31, octaves: 2) - 0.5
    return Point(a, b) * (near * strength)
  }

  /// Where something that stands on dry land at a place of the picture has its foot; nil where
  /// there is water.
  func footing(_ foot: Point) -> Point? {
    let z = eye * LandTable.focal / max(foot.y - horizon, 0.02)
    let height = height(foot.x / LandTable.focal * z, z, octaves: 4)
    if hasWater, height < 0.03 { return nil }
    return Point(foot.x, horizon + LandTable.focal * (eye - height) / z)
  }

  /// Lines of light on the land, for the futuristic style.
  @inline(__always)
  func grid(_ x: Float, _ z: Float) -> Colour {
    if !isNeon { return Colour(0, 0, 0, 0) }
    let width = 0.012 + z * 0.0035
    let gx = abs(Elementary.fraction(x * 0.5) - 0.5)
    let gz = abs(Elementary.fraction(z * 0.5) - 0.5)
    let line = max(Elementary.smooth(width * 1.6, 0, gx), Elementary.smooth(width * 2.4, 0, gz))
    return glow * Colour(repeating: line * 0.55 / (1 + z * 0.05))
  }
}

/// The heights of the land along every ray of a picture, and their slopes.
///
/// Rays are sampled for every second column, ever more coarsely with distance; what lies between
/// is interpolated. Nothing else of the painter asks the land for its height at a pixel.
struct LandTable: Sendable {
  /// Height, and how it grows to the right and away from the viewer.
  typealias Sample = SIMD4<Float>

  static let focal: Float = 1.1
  private static let nearest: Float = 1.2
  private static let spacing = 2

  let steps: Int
  private let growth: Float
  private let columns: Int
  private let samples: [Sample]

  init(_ land: Land, _ painter: Painter, _ canvas: Canvas) {
    let growth: Float = painter.rendering.octaves > 5 ? 1.009 : 1.012
    self.growth = growth
    var steps = 0
    var z = Self.nearest
    while z < land.farthest {
      z *= growth
      steps += 1
    }
    self.steps = steps
    let columns = canvas.width / Self.spacing + 3
    self.columns = columns
    let octaves = min(land.kind == .mountains ? 7 : 6, painter.rendering.octaves)
    let count = steps
    let flat = [Sample](unsafeUninitializedCapacity: columns * steps) { buffer, initialized in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<columns, size: 8) { band in
        for column in band {
          let slope = canvas.x((column - 1) * Self.spacing, 0.35) / Self.focal
          var z = Self.nearest
          for step in 0..<count {
            let height = land.height(
              slope * z + land.pan, z + land.advance, octaves: octaves)
            out[column * count + step] = Sample(height, 0, 0, slope * z)
            z *= growth
          }
        }
      }
      initialized = columns * count
    }
    samples = [Sample](unsafeUninitializedCapacity: columns * steps) { buffer, initialized in
      nonisolated(unsafe) let out = buffer
      Bands.run(0..<columns, size: 8) { band in
        for column in band {
          var z = Self.nearest
          for step in 0..<count {
            let at = column * count + step
            let right = min(column + 1, columns - 1) * count + step
            let left = max(column - 1, 0) * count + step
            let far = step + 1 < count ? at + 1 : at
            let near = step > 0 ? at - 1 : at
            var sample = flat[at]
            sample.y = (flat[right].x - flat[left].x) / max(flat[right].w - flat[left].w, 1e-4)
            let length = z * (far > at ? growth : 1) - z / (near < at ? growth : 1)
            // Along a ray that leans, a step away is also a step aside.
            let lean = sample.w / z
            sample.z = (flat[far].x - flat[near].x) / max(length, 1e-4) - sample.y * lean
            out[at] = sample
            z *= growth
          }
        }
      }
      initialized = columns * count
    }
  }

  /// How far away a step lies.
  func distances() -> [Float] {
    var z = Self.nearest
    return (0..<steps).map { _ in
      defer { z *= growth }
      return z
    }
  }

  /// The samples of a column of the picture.
  func column(_ column: Int, into line: inout [Sample]) {
    let left = column / Self.spacing + 1
    let t = Float(column % Self.spacing) / Float(Self.spacing)
    samples.withUnsafeBufferPointer { samples in
      let from = left * steps
      let to = min(left + 1, columns - 1) * steps
      for step in 0..<steps { line[step] = samples[from + step].mixed(samples[to + step], t) }
    }
  }
}

/// Walks one column at a time, from the viewer outwards, and paints what is seen from afar to near.
private struct TerrainWalk {
  /// A point of the land that is seen.
  private struct Seen {
    var y: Float
    var z: Float
    var sample: LandTable.Sample
    /// Where the land before it ends; set where it comes into sight behind a crest.
    var crest: Float?
  }

  let land: Land
  let painter: Painter
  let canvas: Canvas
  let table: LandTable
  private let distances: [Float]
  private var line: [LandTable.Sample]
  private var seen: [Seen] = []

  init(land: Land, painter: Painter, canvas: Canvas, table: LandTable) {
    self.land = land
    self.painter = painter
    self.canvas = canvas
    self.table = table
    distances = table.distances()
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
        seen.append(Seen(y: y, z: z, sample: sample, crest: wasHidden ? top : nil))
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
      shade(row, column, slope * z, z, sample, coverage, water)
    }
  }

  @inline(__always)
  private func shade(
    _ row: Int, _ column: Int, _ x: Float, _ z: Float, _ sample: LandTable.Sample,
    _ coverage: Float, _ water: WaterMarks
  ) {
    let index = row * canvas.width + column
    if land.hasWater, sample.x <= 0.001 {
      water.distances[index] = z
      return
    }
    let worldX = x + land.pan
    let worldZ = z + land.advance
    let rough = land.roughness(worldX, worldZ, distance: z)
    let east = sample.y + rough.x
    let north = sample.z + rough.y
    let steepness = (1 + east * east + north * north).squareRoot()
    let normal = SIMD3<Float>(-east, 1, north) / steepness
    let level = 1 / (1 + sample.y * sample.y + sample.z * sample.z).squareRoot()
    var colour = painter.lamp.light(
      land.ground(worldX, worldZ, sample.x, level: level), normal, shine: 0, rim: false)
    colour += land.grid(worldX, worldZ)
    let depth = z / land.farthest
    colour = painter.hazed(colour, depth * 0.95)
    colour.w = depth
    if coverage > 0.5 { water.distances[index] = 0 }
    canvas.pixels[index] = canvas.pixels[index].mixed(colour, coverage)
  }
}
