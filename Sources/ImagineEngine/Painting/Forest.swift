/// A forest: rows of trunks that fade into the air, leaves above, a floor with ferns and light.
extension Painter {
  func paintForest(_ canvas: Canvas) {
    var stream = scene.stream.split("forest")
    let noise = Noise(stream)
    let isConifer = scene.season == .winter || stream.chance(0.4)
    paintForestAir(canvas, noise)
    paintForestFloor(canvas, noise)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5 + 0.1
    for row in 0..<6 {
      let near = Float(row) / 5
      let distance = 0.92 - near * 0.8
      let count = (isConifer ? [15, 11, 8, 5, 3, 2] : [15, 12, 9, 7, 5, 3])[row]
      for index in 0..<count {
        var x = -half + (Float(index) + stream.within(0.15...0.85)) * 2 * half / Float(count)
        // The nearest stand at the sides, so that one can look in.
        if row >= 3, abs(x) < half * 0.42 { x = x < 0 ? x - half * 0.45 : x + half * 0.45 }
        let foot = Point(
          x, scene.horizon + 0.015 + near * near * 0.36 + stream.within(-0.01...0.015))
        let size = (0.3 + 0.8 * near * near) * stream.within(0.85...1.2)
        if isConifer {
          paintFir(foot, 0.26 + size * 0.5, distance, &stream, canvas)
        } else {
          paintTrunk(foot, size, distance, &stream, canvas)
        }
      }
      if !isConifer { paintCanopy(row, near, distance, noise, canvas) }
    }
    paintUndergrowth(&stream, canvas)
    paintLightShafts(canvas, noise)
  }

  private var leafColour: Colour {
    if let tint = scene.placeColours.first { return tint }
    switch scene.season {
    case .spring: return Colour(0x7C_AC_48)
    case .summer: return Colour(0x4C_84_3C)
    case .autumn: return Colour(0xC8_7C_2C)
    case .winter: return Colour(0x58_74_6C)
    }
  }

  private func paintForestAir(_ canvas: Canvas, _ noise: Noise) {
    let sunX = scene.sun.x * 0.5
    let bright = scene.palette.horizon.mixed(
      leafColour * Colour(repeating: 1 + scene.palette.ambient.luminance), 0.3)
    let dim = leafColour * scene.palette.ambient * Colour(repeating: 0.9)
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.1)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.1)
          let dx = x - sunX
          let dy = y - scene.horizon + 0.12
          let light = Elementary.exp(-(dx * dx * 5 + dy * dy * 9))
          let leaves = noise.cloud(x * 9, y * 9, octaves: 4)
          var colour = dim.mixed(bright, Elementary.clamp(light * 1.1 + (leaves - 0.5) * 0.5))
          colour.w = 1
          line[column] = colour
        }
      }
    }
  }

  private func paintForestFloor(_ canvas: Canvas, _ noise: Noise) {
    let isSnow = scene.season == .winter
    let moss =
      isSnow
      ? Colour(0xE4_EC_F6) : (scene.season == .autumn ? Colour(0xA8_68_30) : Colour(0x54_74_34))
    let earth = isSnow ? Colour(0xC8_D6_E8) : Colour(0x54_40_2C)
    let horizonRow = canvas.pixel(Point(0, scene.horizon), 0.3).y
    canvas.inBands(max(0, Int(horizonRow))..<canvas.height) { band in
      for row in band {
        let below = max(0.004, (Float(row) + 0.5 - horizonRow) / Float(canvas.height))
        let z = 0.55 / below
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.3) * z * 2
          let patch = noise.cloud(x * 0.7, z * 0.7, octaves: rendering.octaves)
          let path = abs(x * 0.45 - (noise.value(z * 0.35, 7) - 0.5) * 3.2)
          let dapple = Elementary.smooth(
            0.5, 0.68, noise.cloud(x * 0.5 + 20, z * 0.35 + painter(0.05), octaves: 3))
          var albedo = moss.mixed(earth, Elementary.smooth(0.42, 0.6, patch))
          albedo = albedo.mixed(
            Colour(0x8C_70_4C).mixed(albedo, isSnow ? 0.8 : 0),
            Elementary.smooth(1, 0.55, path) * 0.85)
          let fine = noise.cloud(x * 7, z * 7, octaves: 2) - 0.5
          var colour =
            lamp.light(
              albedo.lit(1 + fine * 0.7 * rendering.texture), SIMD3(fine * 0.4, 0.9, 0.4), shine: 0)
            * Colour(repeating: 0.5)
          colour += albedo * scene.palette.sun * Colour(repeating: dapple * 0.65)
          colour = hazed(colour, min(1, z / 14))
          colour.w = min(z / 14, 0.9)
          line[column] = colour
        }
      }
    }
  }

  /// Seconds of the film at a speed.
  private func painter(_ speed: Float) -> Float { time * speed }

  private func paintFir(
    _ foot: Point, _ height: Float, _ distance: Float, _ stream: inout RandomStream,
    _ canvas: Canvas
  ) {
    var fir = Scene.Placement.scenery(stream.next())
    fir.kind = .conifer
    fir.colours = [
      scene.season == .winter
        ? Colour(0x8C_A4_A4).mixed(Colour(0x3C_5C_54), stream.unit())
        : leafColour.mixed(Colour(0x2C_54_3C), 0.6)
    ]
    let nearness = 0.2 + 0.7 * (1 - distance)
    FigureDrawing(
      fir.kind.figure(fir, time: time), origin: canvas.pixel(foot, nearness),
      scale: canvas.pixels(height, nearness), facing: stream.chance(0.5) ? 1 : -1, painter: self,
      distance: distance * 2.2
    ).paint(on: canvas)
  }

  private func paintTrunk(
    _ foot: Point, _ size: Float, _ distance: Float, _ stream: inout RandomStream,
    _ canvas: Canvas
  ) {
    let nearness = 0.2 + 0.7 * (1 - distance)
    let isBirch = stream.chance(0.2)
    let width = size * 0.05 * stream.within(0.75...1.25)
    let lean = stream.within(-0.04...0.04)
    var surface = Surface(
      colour: isBirch
        ? Colour(0xD8_D4_C8) : Colour(stream.pick([0x5C_44_30, 0x4C_3A_2C, 0x68_50_3C])),
      texture: .bark, round: 1)
    surface.colour = surface.colour.lit(0.75)
    var figure = Figure(.scenery(stream.next()), time: time)
    for branch in 0..<4 {
      let side: Float = branch % 2 == 0 ? 1 : -1
      let y = -size * (0.42 + 0.13 * Float(branch))
      let reach = size * stream.within(0.12...0.24)
      figure.limb(
        [
          (lean * -y, y, width * 0.26), (side * reach * 0.5, y - size * 0.09, width * 0.18),
          (side * reach, y - size * 0.22, width * 0.07),
        ], surface.darker(0.85))
    }
    // The foot spreads into roots that end on the ground.
    figure.polygon(
      [
        (-width * 1.5, size * 0.012), (-width * 0.75, -size * 0.02), (-width * 0.5, -size * 0.1),
        (-width * 0.42 + lean * 0.5, -size * 0.55), (-width * 0.3 + lean, -size * 1.6),
        (width * 0.3 + lean, -size * 1.6), (width * 0.42 + lean * 0.5, -size * 0.55),
        (width * 0.5, -size * 0.1), (width * 0.8, -size * 0.02), (width * 1.4, size * 0.014),
        (width * 0.5, 0), (0, size * 0.012), (-width * 0.6, 0),
      ], surface)
    if isBirch {
      for _ in 0..<9 {
        let y = -size * stream.within(0.05...1.1)
        let x = stream.within(-width...width) * 0.3
        figure.limb(
          [(x - width * 0.2, y, width * 0.05), (x + width * 0.12, y, width * 0.03)],
          .plain(0x3C_38_34), outlined: false)
      }
    }
    FigureDrawing(
      figure, origin: canvas.pixel(foot, nearness), scale: canvas.pixels(1, nearness), facing: 1,
      painter: self, distance: distance * 2.2
    ).paint(on: canvas)
  }

  /// Leaves that hang into the picture from above; nearer rows reach lower at the sides.
  private func paintCanopy(
    _ row: Int, _ near: Float, _ distance: Float, _ noise: Noise, _ canvas: Canvas
  ) {
    let offset = Float(row) * 13
    let nearness = 0.2 + 0.7 * (1 - distance)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let reach = 0.4 - near * 0.24
    let scale = 4 + (1 - near) * 7
    let rows = 0..<min(canvas.height, Int(0.62 * Float(canvas.height)))
    let breeze = Elementary.sin(time * 0.9 + offset) * 0.006
    let edges: [Float] = (0..<canvas.width).map { column in
      let x = canvas.x(column, nearness) + breeze
      let side = abs(x) / half
      let drop = noise.cloud(x * 2.2 + offset, offset, octaves: 3) - 0.5
      return reach + near * side * side * 0.24 + drop * 0.3
    }
    let fineness = rendering.octaves > 4 ? 5 : 3
    canvas.inBands(rows) { band in
      for pixelRow in band {
        let y = canvas.y(pixelRow, nearness)
        let line = canvas.pixels + pixelRow * canvas.width
        for column in 0..<canvas.width {
          let edge = edges[column]
          if y > edge + 0.08 { continue }
          let x = canvas.x(column, nearness) + breeze
          let leaves = noise.cloud(
            x * scale * 3 + offset, y * scale * 3, octaves: min(5, rendering.octaves))
          let body = leaves - 0.42 + min((edge - y) * 1.5, 0.1)
          let alpha = Elementary.smooth(0, 0.06, body)
          if alpha <= 0 { continue }
          let light = noise.cloud(x * scale * 4 + offset, y * scale * 5, octaves: fineness) * 3 - 1
          let albedo = leafColour.lit(0.25 + 0.8 * Elementary.clamp(light))
          var colour =
            lamp.light(albedo, SIMD3((light - 0.5) * 1.2, 0.5, 0.6), shine: 0)
            * Colour(repeating: 0.72)
          colour = hazed(colour, distance * 0.8)
          colour.w = distance
          line[column] = line[column].mixed(colour, alpha)
        }
      }
    }
  }

  private func paintUndergrowth(_ stream: inout RandomStream, _ canvas: Canvas) {
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    if scene.season == .winter { return }
    for _ in 0..<16 {
      let depth = stream.unit()
      var x = stream.within(-half...half)
      if abs(x) < half * 0.3 { x += x < 0 ? -half * 0.4 : half * 0.4 }
      let foot = Point(x, scene.horizon + 0.09 + depth * 0.34)
      var fern = Figure(.scenery(stream.next()), time: time)
      let size = 0.05 + depth * 0.12
      let surface = Surface(
        colour: leafColour.mixed(Colour(0x44_7C_34), 0.5).lit(0.65), texture: .leaves, round: 0.5)
      for frond in 0..<8 {
        let angle = -2.75 + Float(frond) * 0.33 + stream.within(-0.1...0.1)
        let tip = Point(Elementary.cos(angle) * size, Elementary.sin(angle) * size * 0.75)
        fern.limb(
          [
            (0, 0, size * 0.03), (tip.x * 0.6, tip.y - size * 0.12, size * 0.09),
            (tip.x * 1.2, tip.y * 0.7, size * 0.01),
          ], surface.darker(stream.within(0.7...1.15)))
      }
      FigureDrawing(
        fern, origin: canvas.pixel(foot, 0.6), scale: canvas.pixels(1, 0.6), facing: 1,
        painter: self, distance: 0.3 - depth * 0.25
      ).paint(on: canvas)
    }
  }

  private func paintLightShafts(_ canvas: Canvas, _ noise: Noise) {
    guard scene.palette.sun.luminance > 0.2 else { return }
    let lean: Float = scene.sun.x > 0 ? 0.55 : -0.55
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.3)
        let line = canvas.pixels + row * canvas.width
        let fade = Elementary.smooth(0.95, 0.3, y)
        for column in 0..<canvas.width {
          let across = canvas.x(column, 0.3) + y * lean
          let ray = Elementary.smooth(
            0.55, 0.8,
            noise.value(across * 7 + 3, time * 0.1) * 0.65 + noise.value(across * 17, 5) * 0.35)
          let depth = min(1, line[column].w + 0.15)
          line[column] +=
            scene.palette.sun * Colour(0.26, 0.26, 0.26, 0) * Colour(repeating: ray * fade * depth)
        }
      }
    }
  }
}

extension Scene.Placement {
  /// A placement for a part of the scenery that is drawn as a figure of its own.
  static func scenery(_ seed: UInt64) -> Scene.Placement {
    Scene.Placement(
      kind: .tree, foot: Point(0, 0), height: 1, colours: [], material: nil, facing: 1, distance: 0,
      standsOnGround: false, features: [], seed: seed)
  }
}
