/// The large waves of a storm or a surf: rows of waves, each with foam.
extension Painter {
  func paintBreakers(_ canvas: Canvas) {
    guard scene.weather == .storm || scene.features.contains(.waves) else { return }
    let strength: Float = scene.weather == .storm ? 1 : 0.65
    let rows = (0..<6).map { index in
      Breaker(.standing(index, strength: strength, self), self, canvas)
    }
    canvas.inBands { band in
      for row in rows { row.paint(band, canvas) }
    }
  }
}

/// One row of waves.
struct Breaker: Sendable {
  /// Position and shape of a row.
  struct Course: Sendable {
    /// 0 far away … 1 at the viewer.
    var near: Float
    /// The y of its water level, and how far its crests rise above it.
    var level: Float
    var rise: Float
    /// Crests per unit.
    var across: Float
    /// Its position along its noise.
    var drift: Float
    /// Selects its shape.
    var shape: Float
    /// 0 single peaks … 1 one long crest.
    var evenness: Float
    /// Extra breaking, beyond what its height causes.
    var breaking: Float

    /// A row of the open sea: it stays in place, and its peaks run along it.
    static func standing(_ index: Int, strength: Float, _ painter: Painter) -> Course {
      let near = Float(index) / 5
      let across = 4.6 - 3.2 * near
      let side: Float = index % 2 == 0 ? 1 : -1
      return Course(
        near: near, level: painter.scene.horizon + 0.03 + near * (0.3 + near * 0.16),
        rise: (0.02 + near * 0.11) * strength, across: across,
        drift: painter.time * side * (0.1 + near * 0.14) * across + Float(index) * 7.7,
        shape: Float(index), evenness: 0, breaking: 0)
    }
  }

  private let near: Float
  private let nearness: Float
  /// The y of the row's water level, and how far its crests rise above it.
  private let level: Float
  private let rise: Float
  private let across: Float
  private let drift: Float
  private let water: WaterColours
  private let noise: Noise
  private let isCel: Bool
  private let air: Air
  private let clock: Float
  /// For each column: the y of the water's edge in the scene, and how much it breaks, 0 … 1.
  private let crests: [(top: Float, breaking: Float)]

  init(_ course: Course, _ painter: Painter, _ canvas: Canvas) {
    near = course.near
    nearness = 0.2 + 0.5 * near
    level = course.level
    rise = course.rise
    across = course.across
    drift = course.drift
    let noise = Noise(painter.scene.stream.split("breakers"))
    self.noise = noise
    water = WaterColours(painter)
    isCel = painter.rendering.shading == .cel
    air = Air(painter, depth: (1 - near) * 0.5)
    clock = painter.time
    let nearness = nearness
    crests = (0..<canvas.width).map { column in
      let x = canvas.x(column, nearness) * course.across + course.drift
      let peak = noise.value(x, course.shape * 5.3)
      let swell = 1 - abs(2 * peak - 1)
      let chop = noise.swell(x * 5, course.shape * 3.1 + painter.time * 0.6, octaves: 3) - 0.5
      let height = Elementary.mix(swell * swell * 1.25, 0.7 + 0.45 * peak, course.evenness)
      let breaks = Elementary.mix(swell, peak, course.evenness) + chop * 0.6 + course.breaking
      return (
        course.level - course.rise * (height + chop * 0.22), Elementary.smooth(0.45, 0.95, breaks)
      )
    }
  }

  func paint(_ band: Range<Int>, _ canvas: Canvas) {
    let first = Int(max(canvas.pixel(Point(0, level - rise * 1.8), nearness).y, 0))
    let last = Int(max(canvas.pixel(Point(0, level + rise * 0.9), nearness).y, 0)) + 1
    let rows = (first..<max(first, last)).clamped(to: band)
    let edge = Float(canvas.height)
    for row in rows {
      let y = canvas.y(row, nearness)
      let line = canvas.pixels + row * canvas.width
      let foot = Elementary.smooth(level + rise * 0.9, level + rise * 0.2, y)
      for column in 0..<canvas.width {
        let crest = crests[column]
        let below = y - crest.top
        if below < -rise * 0.4 || foot <= 0 { continue }
        let x = canvas.x(column, nearness)
        let alpha = Elementary.clamp(below * edge + 0.5) * foot
        if alpha <= 0 {
          spray(x, y, below, crest.breaking, &line[column])
          continue
        }
        var colour = air.over(face(x, below / rise, crest.breaking))
        colour.w = 0.9 - near * 0.6
        line[column] = line[column].mixed(colour, alpha)
      }
    }
  }

  /// The face of a wave: light shines through its crest, and foam runs down it.
  @inline(__always)
  private func face(_ x: Float, _ depth: Float, _ breaking: Float) -> Colour {
    let u = x * across
    let streak = noise.cloud(u * 4 + drift * 0.6, depth * 3 - clock * 0.7, octaves: 5)
    let grain = noise.cloud(u * 2 + drift, depth * 9 + clock * 0.4, octaves: 5) - 0.5
    var through = Elementary.smooth(0.75, 0, depth) * (0.4 + 0.6 * breaking) + grain * 0.5
    var foam =
      Elementary.smooth(0.56, 0.7, streak + breaking * 0.14 - depth * 0.12)
      * Elementary.clamp(1.15 - depth * 0.7)
    foam = max(
      foam, breaking * Elementary.smooth(0.2 + (streak - 0.5) * 0.5, 0.02, depth))
    if isCel {
      through = through > 0.55 ? 0.9 : (through > 0.25 ? 0.45 : 0.1)
      foam = foam > 0.4 ? 1 : 0
    }
    let body = water.deep.lit(0.75).mixed(water.shallow, Elementary.clamp(through))
    return body.mixed(water.foam, Elementary.clamp(foam) * 0.92)
  }

  /// Spray that the wind tears off the crests.
  @inline(__always)
  private func spray(
    _ x: Float, _ y: Float, _ below: Float, _ breaking: Float, _ pixel: inout Colour
  ) {
    if breaking < 0.3 { return }
    let mist = noise.cloud(x * 26 + drift * 3, y * 30, octaves: 5)
    let amount =
      Elementary.smooth(0.5, 0.68, mist) * breaking * Elementary.clamp(1 + below / (rise * 0.4))
    let depth = pixel.w
    pixel = pixel.mixed(water.foam, amount * 0.6)
    pixel.w = depth
  }
}

/// The colours of a scene's water.
struct WaterColours: Sendable {
  let deep: Colour
  let shallow: Colour
  let foam: Colour

  init(_ painter: Painter) {
    let scene = painter.scene
    let brightness = 0.3 + scene.palette.ambient.luminance * 1.3
    var body = scene.place == .coast ? Colour(0x1E_8C_98) : Colour(0x14_4A_66)
    if scene.place == .lake { body = Colour(0x1C_54_5C) }
    if let tint = scene.placeColours.first { body = body.mixed(tint, 0.8) }
    deep = body * Colour(repeating: brightness * 0.8)
    shallow = body.mixed(Colour(0x58_C0_B8), 0.5) * Colour(repeating: brightness)
    foam =
      scene.palette.ambient * Colour(repeating: 1.1) + scene.palette.sun * Colour(repeating: 0.35)
      + Colour(0.16, 0.17, 0.18, 0) * Colour(repeating: scene.isDark ? 0.3 : 1)
  }
}
