/// Water to the horizon: waves that mirror what is painted above it.
extension Painter {
  func paintWater(_ canvas: Canvas, only marks: WaterMarks? = nil) {
    let horizonRow = canvas.pixel(Point(0, scene.horizon), 0.2).y
    let firstRow = max(0, min(canvas.height - 1, Int(horizonRow)))
    let surface = WaterSurface(self, canvas, horizonRow: horizonRow)
    canvas.inBands(firstRow..<canvas.height) { band in
      for row in band {
        let line = canvas.pixels + row * canvas.width
        let below = (Float(row) + 0.5 - horizonRow) / Float(canvas.height)
        if below <= 0 { continue }
        let distance = surface.eye * surface.focal / below
        for column in 0..<canvas.width {
          if let marks, marks.distances[row * canvas.width + column] == 0 { continue }
          line[column] = surface.colour(column, row, min(distance, 120), below)
        }
      }
    }
  }
}

private struct WaterSurface: Sendable {
  let eye: Float = 1.7
  let focal: Float = 1.1
  private let canvas: Canvas
  private let painter: Painter
  private let horizonRow: Float
  private let noise: Noise
  private let deep: Colour
  private let shallow: Colour
  private let choppiness: Float
  private let clock: Float
  private let octaves: Int
  private let isCel: Bool

  init(_ painter: Painter, _ canvas: Canvas, horizonRow: Float) {
    self.canvas = canvas
    self.painter = painter
    self.horizonRow = horizonRow
    let scene = painter.scene
    noise = Noise(scene.stream.split("waves"))
    let brightness = 0.3 + scene.palette.ambient.luminance * 1.3
    var body = scene.place == .coast ? Colour(0x1E_8C_98) : Colour(0x14_4A_66)
    if scene.place == .lake { body = Colour(0x1C_54_5C) }
    if let tint = scene.placeColours.first { body = body.mixed(tint, 0.8) }
    deep = body * Colour(repeating: brightness * 0.8)
    shallow = body.mixed(Colour(0x58_C0_B8), 0.5) * Colour(repeating: brightness)
    switch scene.weather {
    case .storm: choppiness = 1.7
    case .rain, .wind: choppiness = 1.1
    default:
      choppiness =
        scene.place == .sea
        ? (scene.features.contains(.waves) ? 1.4 : 0.75) : (scene.place == .lake ? 0.22 : 0.5)
    }
    clock = painter.time
    octaves = max(3, painter.rendering.octaves - 2)
    isCel = painter.rendering.shading == .cel
  }

  /// Height of the water, moved by two trains of waves.
  @inline(__always)
  private func height(_ x: Float, _ z: Float) -> Float {
    let swell = noise.value(x * 0.35 + clock * 0.25, z * 0.8 + clock * 0.55)
    let chop = noise.cloud(x * 1.6 - clock * 0.4, z * 2.6 + clock * 1.1, octaves: octaves)
    return swell * 0.7 + chop * 0.55
  }

  @inline(__always)
  func colour(_ column: Int, _ row: Int, _ distance: Float, _ below: Float) -> Colour {
    let slope = canvas.x(column, 0.35) / focal
    let x = slope * distance + canvas.view.pan * 4
    let z = distance
    let reach = 0.05 + distance * 0.012
    let here = height(x, z)
    let dx = (height(x + reach, z) - here) / reach
    let dz = (height(x, z + reach) - here) / reach
    let calm = choppiness / (1 + distance * 0.045)
    let nx = -dx * calm * 0.42
    let nz = -dz * calm * 0.42
    // The mirrored point lies as far above the horizon as this one lies below it.
    let scale = Float(canvas.height)
    let mirrored = horizonRow - below * scale * (1 + nz * 0.9) - abs(nz) * 0.12 * scale
    let sourceColumn = min(max(Int(Float(column) + nx * scale * 0.16), 0), canvas.width - 1)
    let sourceRow = min(max(Int(mirrored), 0), max(Int(horizonRow) - 1, 0))
    let mirror = canvas.pixels[sourceRow * canvas.width + sourceColumn]
    let grazing = 1 - min(1, below * 1.5)
    let fresnel = Elementary.clamp(0.16 + 0.72 * grazing * grazing - nz * 0.35)
    var body = deep.mixed(shallow, Elementary.clamp((here - 0.55) * choppiness * 1.3))
    body = body * Colour(repeating: 1 + (here - 0.6) * 0.5 * choppiness)
    var colour = body.mixed(mirror, fresnel)
    let crest = here - (1.02 - choppiness * 0.1)
    if choppiness > 0.6, crest > 0, distance < 40 {
      let foam = Elementary.smooth(0, isCel ? 0.015 : 0.09, crest)
      colour = colour.mixed(
        painter.scene.palette.ambient * Colour(repeating: 1.1) + painter.scene.palette.sun
          * Colour(repeating: 0.35),
        foam * 0.8)
    }
    // The sun's path: facets that tilt the right way.
    let sunX = painter.scene.sun.x - canvas.x(column, 0.1)
    let spread = 0.03 + below * 0.3
    let path = Elementary.exp(-(sunX * sunX) / (spread * spread))
    let facet = Elementary.smooth(0.06, 0.3, abs(nz) + abs(nx) * 0.5)
    let strength: Float = painter.scene.cloudCover > 0.7 ? 0.06 : 0.9
    colour += painter.scene.palette.sun * Colour(repeating: path * facet * strength)
    colour = painter.hazed(colour, Elementary.smooth(10, 120, distance) * 0.5)
    colour.w = min(distance / 90, 0.98)
    return colour
  }
}
