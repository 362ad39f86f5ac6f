/// A forest from inside: the light of a distant glade, trunks in front of it, leaves above, a path.
extension Painter {
  func paintForest(_ canvas: Canvas) {
    let forest = ForestPalette(self)
    if forest.isConifer {
      paintSky(canvas)
      paintForestFloor(canvas, forest)
      paintPinewood(canvas, forest)
    } else {
      paintGlade(canvas, forest)
      paintForestFloor(canvas, forest)
      paintTrunks(canvas, forest)
    }
    paintUndergrowth(canvas, forest)
    paintLightShafts(canvas, forest)
  }

  /// Light between the leaves of the farthest trees.
  private func paintGlade(_ canvas: Canvas, _ forest: ForestPalette) {
    let middle = Point(scene.sun.x * 0.35, scene.horizon - 0.12)
    let last = min(canvas.height, Int(max(canvas.pixel(Point(0, scene.horizon), 0.3).y, 0)) + 2)
    canvas.paint(0..<last, every: 2, 0.1) { x, y in
      let dx = x - middle.x
      let dy = y - middle.y
      let light = Elementary.exp(-(dx * dx * 3.2 + dy * dy * 5))
      let leaves = forest.noise.cloud(x * 8, y * 8, octaves: 5) - 0.5
      let tone = Elementary.clamp(light * 1.15 + leaves * (1.3 - light))
      var colour = forest.dim.mixed(forest.bright, Elementary.clamp(tone * 1.6))
      colour = colour.mixed(forest.glade, Elementary.clamp(tone * 1.8 - 0.8))
      colour.w = 1
      return colour
    }
  }

  private func paintForestFloor(_ canvas: Canvas, _ forest: ForestPalette) {
    let horizonRow = canvas.pixel(Point(0, scene.horizon), 0.3).y
    let texture = 0.35 + 0.65 * rendering.texture
    let drift = time * 0.05
    canvas.inBands(max(0, Int(max(horizonRow, 0)))..<canvas.height) { band in
      for row in band {
        let below = max(0.004, (Float(row) + 0.5 - horizonRow) / Float(canvas.height))
        let z = 0.55 / below
        let line = canvas.pixels + row * canvas.width
        let bend = (forest.noise.value(z * 0.35, 7) - 0.5) * 2.6
        let air = Elementary.smooth(1.5, 16, z) * 0.85
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.3) * z * 2
          let patch = forest.noise.cloud(x * 0.7, z * 0.9, octaves: 5)
          let fine = forest.noise.slope(x * 5, z * 7)
          let path = abs(x * 0.5 - bend) + (patch - 0.5) * 0.5
          let dapple = Elementary.smooth(
            0.5, 0.62, forest.noise.cloud(x * 0.45 + 20, z * 0.4 + drift, octaves: 3))
          var albedo = forest.moss.mixed(forest.earth, Elementary.smooth(0.5, 0.68, patch) * 0.7)
          albedo = albedo.mixed(forest.path, Elementary.smooth(0.95, 0.6, path) * 0.9)
          let bump =
            ((fine.height - 0.5) * 0.5 - fine.east * sceneLight.direction.x * 0.16) * texture
          let shade = (0.42 + 0.75 * dapple * forest.sunlight) * (1 + bump)
          var colour =
            albedo * (scene.palette.ambient * Colour(repeating: 0.55) + forest.light)
            * Colour(repeating: shade)
          colour = colour.mixed(forest.glade, air)
          colour.w = min(z / 14, 0.9)
          line[column] = colour
        }
      }
    }
  }

  /// Rows of trunks, each with the leaves above it.
  private func paintTrunks(_ canvas: Canvas, _ forest: ForestPalette) {
    var stream = scene.stream.split("trunks")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5 + 0.1
    for row in 0..<6 {
      let near = Float(row) / 5
      let count = [17, 13, 9, 6, 4, 2][row]
      var trunks: [FigureDrawing] = []
      for index in 0..<count {
        var x = -half + (Float(index) + stream.within(0.15...0.85)) * 2 * half / Float(count)
        // Keep the nearest row at the sides, so that the view stays open.
        if row >= 3, abs(x) < half * 0.42 { x = x < 0 ? x - half * 0.45 : x + half * 0.45 }
        let foot = Point(
          x, scene.horizon + 0.015 + near * near * 0.36 + stream.within(-0.01...0.015))
        let size = (0.34 + 0.8 * near * near) * stream.within(0.85...1.2)
        trunks.append(trunk(foot, size, near, forest, &stream, canvas))
      }
      FigureDrawing.paint(trunks, on: canvas)
      if row != 0, row != 2 { paintCanopy(row, near, forest, canvas) }
    }
  }

  private func trunk(
    _ foot: Point, _ size: Float, _ near: Float, _ forest: ForestPalette,
    _ stream: inout RandomStream,
    _ canvas: Canvas
  ) -> FigureDrawing {
    let nearness = 0.2 + 0.7 * near
    let isBirch = stream.chance(forest.birches)
    let width = size * 0.05 * stream.within(0.75...1.25)
    let lean = stream.within(-0.04...0.04)
    let bark =
      isBirch ? Colour(0xD8_D4_C8) : Colour(stream.pick([0x5C_44_30, 0x4C_3A_2C, 0x68_50_3C]))
    var surface = Surface(colour: bark.lit(0.4 + 0.3 * near), texture: .bark, round: 1)
    // Distant trunks are plain shapes against the light.
    surface.colour = surface.colour.mixed(forest.glade, 0.62 * (1 - near) * (1 - near))
    if near < 0.5 {
      surface.texture = .plain
      surface.round = 0
    }
    let isOutlined = near > 0.5
    var figure = Figure(.scenery(stream.next()), time: time)
    for branch in 0..<(near < 0.5 ? 2 : 4) {
      let side: Float = branch % 2 == 0 ? 1 : -1
      let y = -size * (0.5 + 0.13 * Float(branch))
      let reach = size * stream.within(0.1...0.2)
      figure.limb(
        [
          (lean * -y, y, width * 0.26), (side * reach * 0.5, y - size * 0.09, width * 0.18),
          (side * reach, y - size * 0.22, width * 0.07),
        ], surface.darker(0.85), outlined: isOutlined)
    }
    // The foot spreads into roots that end on the ground.
    figure.polygon(
      [
        (-width * 1.5, size * 0.012), (-width * 0.75, -size * 0.02), (-width * 0.5, -size * 0.1),
        (-width * 0.42 + lean * 0.5, -size * 0.55), (-width * 0.3 + lean, -size * 1.6),
        (width * 0.3 + lean, -size * 1.6), (width * 0.42 + lean * 0.5, -size * 0.55),
        (width * 0.5, -size * 0.1), (width * 0.8, -size * 0.02), (width * 1.4, size * 0.014),
        (width * 0.5, 0), (0, size * 0.012), (-width * 0.6, 0),
      ], surface, outlined: isOutlined)
    if isBirch, isOutlined {
      for _ in 0..<9 {
        let y = -size * stream.within(0.05...1.1)
        let x = stream.within(-width...width) * 0.3
        figure.limb(
          [(x - width * 0.2, y, width * 0.05), (x + width * 0.12, y, width * 0.03)],
          .plain(0x3C_38_34), outlined: false)
      }
    }
    return FigureDrawing(
      figure, origin: canvas.pixel(foot, nearness), scale: canvas.pixels(1, nearness), facing: 1,
      painter: self, distance: 0.86 - near * 0.72)
  }

  /// Leaves that hang into the image from above; nearer rows reach lower at the sides.
  private func paintCanopy(_ row: Int, _ near: Float, _ forest: ForestPalette, _ canvas: Canvas) {
    let offset = Float(row) * 13
    let nearness = 0.2 + 0.7 * near
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let reach = 0.42 - near * 0.26
    let scale = 4 + (1 - near) * 7
    let breeze = Elementary.sin(time * 0.9 + offset) * 0.006
    let edges: [Float] = (0..<canvas.width).map { column in
      let x = canvas.x(column, nearness) + breeze
      let side = abs(x) / half
      let drop = forest.noise.cloud(x * 2.2 + offset, offset, octaves: 3) - 0.5
      return reach + near * side * side * 0.24 + drop * 0.3
    }
    let lowest = edges.reduce(0, max) + 0.1
    let last = min(canvas.height, Int(max(canvas.pixel(Point(0, lowest), nearness).y, 0)) + 1)
    // Bright where thin, dark where dense.
    let fade = 0.6 * (1 - near) * (1 - near)
    let thin = forest.bright.mixed(forest.glade, fade)
    let dense = forest.dim.lit(1 - near * 0.45).mixed(forest.glade, fade)
    let isCel = rendering.shading == .cel
    let leafiness = isCel ? 0.12 : 0.18 + 0.12 * rendering.texture
    let leaves = 95 - near * 40
    canvas.inBands(0..<last) { band in
      for pixelRow in band {
        let y = canvas.y(pixelRow, nearness)
        let line = canvas.pixels + pixelRow * canvas.width
        // The light on a tuft, computed at every second pixel.
        var tuft: Float = 0
        var tuftColumn = -1
        for column in 0..<canvas.width {
          let edge = edges[column]
          if y > edge + 0.1 { continue }
          let x = canvas.x(column, nearness) + breeze
          let mass = forest.noise.cloud(x * scale * 3 + offset, y * scale * 3, octaves: 5)
          let filled = mass - 0.42 + min((edge - y) * 3, 0.12)
          if filled <= -0.5 * leafiness { continue }
          // Single leaves, rotated against the grid of the noise.
          let leaf =
            forest.noise.value((x * 0.8 - y * 0.6) * leaves, (x * 0.6 + y * 0.8) * leaves) - 0.5
          let body = filled + leaf * leafiness
          if body <= 0 { continue }
          if column & ~1 != tuftColumn {
            tuftColumn = column & ~1
            let middle = canvas.x(tuftColumn, nearness) + breeze
            tuft = forest.noise.cloud(middle * scale * 2 + offset + 40, y * scale * 2.4, octaves: 5)
          }
          var light = (tuft - 0.34) * 2.6 - body * 1.4 + 0.35 + leaf * leafiness * 4
          if isCel { light = light > 0.62 ? 1 : (light > 0.3 ? 0.5 : 0) }
          var colour = dense.mixed(thin, Elementary.clamp(light))
          colour.w = 0.86 - near * 0.72
          line[column] = line[column].mixed(
            colour, Elementary.smooth(0, isCel ? 0.02 : 0.035, body))
        }
      }
    }
  }

  private func paintUndergrowth(_ canvas: Canvas, _ forest: ForestPalette) {
    if forest.isWinter { return }
    var stream = scene.stream.split("undergrowth")
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let leaf = forest.leaf.mixed(Colour(0x44_7C_34), 0.5)
    var ferns: [FigureDrawing] = []
    for index in 0..<10 {
      let depth = Float(index) / 9
      let side: Float = index % 2 == 0 ? 1 : -1
      let foot = Point(
        side * half * stream.within(0.4...1.05), scene.horizon + 0.08 + depth * 0.33)
      let size = (0.05 + depth * 0.12) * stream.within(0.7...1.15)
      let surface = Surface(
        colour: leaf.lit(0.5 + depth * 0.35).mixed(forest.glade, 0.4 * (1 - depth)),
        texture: .leaves, round: 0.5)
      var fern = Figure(.scenery(stream.next()), time: time)
      let breeze = Elementary.sin(time * 1.1 + Float(index)) * 0.03
      for frond in 0..<11 {
        // From both sides to the middle, so that upright fronds stand in front.
        let turn = Float(frond / 2) * 0.24 * (frond % 2 == 0 ? 1 : -1)
        let angle = -1.571 + (frond % 2 == 0 ? 1.45 : -1.45) - turn + stream.within(-0.1...0.1)
        let reach = Point(Elementary.cos(angle), Elementary.sin(angle)) * size
        fern.limb(
          [
            (0, 0, size * 0.02), (reach.x * 0.6, reach.y * 0.8 - size * 0.14, size * 0.055),
            (reach.x * (1.2 + breeze), reach.y * 0.8 + size * 0.06, size * 0.004),
          ], surface.darker(stream.within(0.75...1.15)), outlined: depth > 0.4)
      }
      ferns.append(
        FigureDrawing(
          fern, origin: canvas.pixel(foot, 0.6), scale: canvas.pixels(1, 0.6), facing: 1,
          painter: self, distance: 0.3 - depth * 0.25))
    }
    FigureDrawing.paint(ferns, on: canvas)
  }

  /// Sunlight that falls through the leaves and shows in the air.
  private func paintLightShafts(_ canvas: Canvas, _ forest: ForestPalette) {
    let isHazy = scene.weather == .fog || scene.features.contains(.mist)
    guard forest.sunlight > 0.3, !forest.isConifer || isHazy || scene.time != .day else { return }
    let lean: Float = scene.sun.x > 0 ? 0.55 : -0.55
    let strength = forest.light * Colour(repeating: isHazy ? 0.3 : 0.2)
    let rays: [Float] = (0..<1024).map { index in
      let across = Float(index) / 256 - 2
      return Elementary.smooth(
        0.5, 0.85,
        forest.noise.value(across * 6 + 3, time * 0.1) * 0.6 + forest.noise.value(across * 15, 5)
          * 0.4)
    }
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.3)
        let line = canvas.pixels + row * canvas.width
        let fade = Elementary.smooth(0.9, 0.25, y)
        if fade <= 0 { continue }
        for column in 0..<canvas.width {
          let place = (canvas.x(column, 0.3) + y * lean + 2) * 256
          let index = min(max(Int(place), 0), 1022)
          let ray = Elementary.mix(
            rays[index], rays[index + 1], Elementary.clamp(place - Float(index)))
          let depth = min(1, line[column].w + 0.1)
          line[column] += strength * Colour(repeating: ray * fade * depth)
        }
      }
    }
  }
}

/// Shared by the parts of a forest: the season's colours in the light of the time of day.
struct ForestPalette: Sendable {
  let isConifer: Bool
  let isWinter: Bool
  /// The fraction of birches among the trunks.
  let birches: Float
  let leaf: Colour
  let moss: Colour
  let earth: Colour
  let path: Colour
  /// Leaves in shade, and with the sun behind them.
  let dim: Colour
  let bright: Colour
  /// The colour that distant things fade into.
  let glade: Colour
  /// Sunlight on the ground, and how strong it is, 0 … 1.
  let light: Colour
  let sunlight: Float
  let noise: Noise

  init(_ painter: Painter) {
    let scene = painter.scene
    var stream = scene.stream.split("forest")
    noise = Noise(stream)
    isWinter = scene.season == .winter
    isConifer = isWinter || (stream.chance(0.4) && scene.season != .autumn)
    birches = stream.chance(0.3) ? 0.7 : 0.15
    let palette = scene.palette
    let usual: Colour
    switch scene.season {
    case .spring: usual = Colour(0x7C_AC_48)
    case .summer: usual = Colour(0x4C_84_3C)
    case .autumn: usual = Colour(0xD0_7C_24)
    case .winter: usual = Colour(0x58_74_6C)
    }
    leaf = scene.placeColours.first ?? usual
    moss =
      isWinter
      ? Colour(0xE4_EC_F6) : (scene.season == .autumn ? Colour(0xB4_70_30) : Colour(0x54_7C_34))
    earth = isWinter ? Colour(0xC8_D6_E8) : Colour(0x54_40_2C)
    path = isWinter ? Colour(0xBC_C8_D8) : Colour(0x9C_7C_54)
    sunlight = Elementary.clamp(palette.sun.luminance * 1.2)
    light = palette.sun * Colour(repeating: 0.8)
    let warm = leaf.mixed(Colour(0xD8_D8_50), scene.season == .autumn ? 0.15 : 0.3)
    dim = leaf * palette.ambient * Colour(repeating: 0.42)
    bright =
      warm * (palette.ambient * Colour(repeating: 0.9) + palette.sun * Colour(repeating: 0.75))
    let air = palette.horizon.mixed(bright * Colour(repeating: 1.7), isConifer ? 0.12 : 0.5)
    glade = scene.weather == .fog ? air.mixed(palette.haze, 0.6) : air
  }
}
