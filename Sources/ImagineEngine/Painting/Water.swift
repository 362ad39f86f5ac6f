/// Water to the horizon: waves that mirror what is painted above it.
extension Painter {
  /// Paints down to `last` (in image heights); with `marks`, only where they are set.
  func paintWater(_ canvas: Canvas, only marks: WaterMask? = nil, downTo last: Float = 2) {
    let horizonRow = canvas.pixel(Point(0, scene.horizon), 0.2).y
    let firstRow = max(0, min(canvas.height - 1, Int(horizonRow)))
    let surface = WaterSurface(self, canvas, horizonRow: horizonRow)
    let lastRow = Int(max(canvas.pixel(Point(0, last), 0.6).y + 1, 0))
    canvas.inBands(firstRow..<min(max(lastRow, firstRow), canvas.height)) { band in
      for row in band {
        let below = (Float(row) + 0.5 - horizonRow) / Float(canvas.height)
        if below <= 0 { continue }
        surface.paint(row, below, marks.map { $0.distances + row * canvas.width })
      }
    }
  }
}

/// Waves of several lengths, each with its own speed.
private struct WaveTrain: Sendable {
  /// Waves per unit across, and away from the viewer.
  let across: Float
  let away: Float
  let strength: Float
  let drift: Float
  let approach: Float

  /// A swell, and `count` chops, each of half the previous length and strength.
  static func trains(_ count: Int) -> [WaveTrain] {
    let swell = WaveTrain(across: 0.35, away: 0.8, strength: 0.7, drift: 0.25, approach: 0.55)
    let total = 1 - Elementary.exp2(-Float(count))
    return [swell]
      + (0..<count).map { index in
        let finer = Elementary.exp2(Float(index))
        return WaveTrain(
          across: 1.6 * finer, away: 2.6 * finer, strength: 0.275 / (finer * total),
          drift: -0.4 * (1 + Float(index) * 0.6), approach: 1.1 * (1 + Float(index) * 0.5))
      }
  }
}

private struct WaterSurface: Sendable {
  private let eye: Float = 1.7
  private let focal: Float = 1.1
  private let canvas: Canvas
  private let painter: Painter
  private let horizonRow: Float
  private let noise: Noise
  private let water: WaterColours
  private let choppiness: Float
  private let clock: Float
  private let trains: [WaveTrain]
  private let isCel: Bool

  init(_ painter: Painter, _ canvas: Canvas, horizonRow: Float) {
    self.canvas = canvas
    self.painter = painter
    self.horizonRow = horizonRow
    let scene = painter.scene
    noise = Noise(scene.stream.split("waves"))
    water = WaterColours(painter)
    switch scene.weather {
    case .storm: choppiness = 1.7
    case .rain, .wind: choppiness = 1.1
    default:
      choppiness =
        scene.place == .sea
        ? (scene.features.contains(.waves) ? 1.4 : 0.75)
        : (scene.place == .lake ? 0.22 : (scene.hasSurf ? 0.9 : 0.5))
    }
    clock = painter.time
    isCel = painter.rendering.shading == .cel
    trains = WaveTrain.trains(max(2, painter.rendering.octaves - 2))
  }

  /// Paints a row of the image: all of it, or where `marks` is not 0.
  func paint(_ row: Int, _ below: Float, _ marks: UnsafePointer<Float>?) {
    let line = canvas.pixels + row * canvas.width
    let scale = Float(canvas.height)
    let distance = min(eye * focal / below, 120)
    // Waves shorter than a row is deep would only flicker.
    let depth = distance * distance / (eye * focal * scale)
    let seen = trains.filter { $0.away * depth < 0.9 }
    let fades = seen.map {
      $0.strength * Elementary.smooth(0.9, 0.3, $0.away * depth)
    }
    // Faded waves still contribute their mean.
    let mean = 0.5 * (trains.reduce(0) { $0 + $1.strength } - fades.reduce(0, +))
    let calm = choppiness * 0.42 / (1 + distance * 0.045)
    let grazing = 1 - min(1, below * 1.5)
    let spread = 0.03 + below * 0.3
    let palette = painter.scene.palette
    let glitter: Float = painter.scene.cloudCover > 0.7 ? 0.06 : 0.9
    let air = Air(painter, depth: Elementary.smooth(10, 120, distance) * 0.5)
    let isNeon = painter.sceneLight.shading == .neon
    let lineLight = 0.5 / (1 + distance * 0.12)
    let hasFoam = choppiness > 0.6 && distance < 40
    let lastRow = max(Int(horizonRow) - 1, 0)
    for column in 0..<canvas.width {
      if let marks, marks[column] == 0 { continue }
      let x = canvas.x(column, 0.35) / focal * distance + canvas.view.pan * 4
      var height = mean
      var east: Float = 0
      var away: Float = 0
      for index in seen.indices {
        let train = seen[index]
        let wave = noise.slope(
          x * train.across + clock * train.drift, distance * train.away + clock * train.approach)
        height += wave.height * fades[index]
        east += wave.east * fades[index] * train.across
        away += wave.south * fades[index] * train.away
      }
      let nx = -east * calm
      let nz = -away * calm
      // The mirrored point lies as far above the horizon as this one lies below it.
      let mirrored = horizonRow - below * scale * (1 + nz * 0.9) - abs(nz) * 0.12 * scale
      let sourceColumn = min(max(Int(Float(column) + nx * scale * 0.16), 0), canvas.width - 1)
      // Interpolate between two rows: a mirror that jumps from row to row would flicker.
      let between = max(mirrored - 0.5, 0)
      let sourceRow = min(Int(between), lastRow)
      let source = canvas.pixels + sourceRow * canvas.width + sourceColumn
      let mirror = source[0].mixed(
        source[sourceRow < lastRow ? canvas.width : 0], between - Elementary.floor(between))
      var fresnel = Elementary.clamp(0.16 + 0.72 * grazing * grazing - nz * 0.35)
      var lift = height
      if isCel {
        // Flat fields: few tones, with borders drawn by the waves.
        fresnel = Elementary.floor(fresnel * 4 + 0.5) * 0.25
        lift = height > 0.72 ? 0.85 : (height > 0.5 ? 0.6 : 0.45)
      }
      var body = water.deep.mixed(
        water.shallow, Elementary.clamp((lift - 0.55) * choppiness * 1.3))
      body = body * Colour(repeating: 1 + (lift - 0.6) * 0.5 * choppiness)
      var colour = body.mixed(mirror, fresnel)
      let crest = height - (1.02 - choppiness * 0.1)
      if hasFoam, crest > 0 {
        colour = colour.mixed(water.foam, Elementary.smooth(0, isCel ? 0.015 : 0.09, crest) * 0.8)
      }
      if isNeon {
        // Lines of light along the waves, like contour lines on a map.
        let line = abs(Elementary.fraction(height * 7) - 0.5)
        colour +=
          painter.scene.glow
          * Colour(repeating: Elementary.smooth(0.07, 0, line) * lineLight)
      }
      // The sun's path: facets that tilt the right way.
      let sunX = (painter.scene.sun.x - canvas.x(column, 0.1)) / spread
      if abs(sunX) < 3 {
        var facet =
          Elementary.smooth(0.06, 0.3, abs(nz) + abs(nx) * 0.5) * Elementary.exp(-sunX * sunX)
        if isCel { facet = facet > 0.35 ? 0.8 : 0 }
        colour += palette.sun * Colour(repeating: facet * glitter)
      }
      colour = air.over(colour)
      colour.w = min(distance / 90, 0.98)
      line[column] = colour
    }
  }
}
