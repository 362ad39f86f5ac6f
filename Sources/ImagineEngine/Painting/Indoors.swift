/// A room with a window, and the table of a studio.
extension Painter {
  func paintInterior(_ canvas: Canvas) {
    let room = Room(self, aspect: Float(canvas.width) / Float(canvas.height))
    // Two samples per pixel: otherwise the many straight edges would crawl in a video.
    let part = 0.25 / Float(canvas.height)
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.4)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.4)
          line[column] = (room.colour(x - part, y - part) + room.colour(x + part, y + part)) * 0.5
        }
      }
    }
    paintFurniture(canvas)
  }

  private func paintFurniture(_ canvas: Canvas) {
    var stream = scene.stream.split("furniture")
    let side: Float = stream.chance(0.5) ? 1 : -1
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    let floor = scene.horizon + 0.22
    var sofa = Figure(.scenery(stream.next()), time: time)
    let cloth = Surface(
      colour: scene.placeColours.first
        ?? Colour(stream.pick([0x6C_84_94, 0xA8_5C_48, 0x7C_8C_60, 0xB8_98_70])), texture: .cloth)
    sofa.box(-0.3, -0.3, 0.3, -0.08, corner: 0.04, cloth.darker(0.8))
    sofa.box(-0.29, -0.15, 0.0, -0.08, corner: 0.025, cloth)
    sofa.box(0.0, -0.15, 0.29, -0.08, corner: 0.025, cloth)
    sofa.box(-0.32, -0.1, 0.32, -0.02, corner: 0.02, cloth.darker(0.88))
    for x in [-0.34, 0.34] as [Float] {
      sofa.box(x - 0.045, -0.21, x + 0.045, -0.02, corner: 0.035, cloth.darker(0.92))
    }
    sofa.smooth(
      [(-0.2, -0.24), (-0.1, -0.24), (-0.09, -0.13), (-0.21, -0.13)],
      Surface(colour: Colour(0xE0_B0_50), texture: .cloth))
    for x in [-0.3, 0.3] as [Float] {
      sofa.box(x - 0.012, -0.02, x + 0.012, 0.005, .plain(0x4C_34_20))
    }
    // A sofa or bed that the prompt names replaces the room's own sofa.
    if !scene.subjects.contains(where: { $0.kind == .sofa || $0.kind == .bed }) {
      draw(sofa, Point(-side * half * 0.5, floor), 0.2, canvas)
    }
    var lampFigure = Figure(.scenery(stream.next()), time: time)
    lampFigure.limb([(0, 0, 0.03), (0, -0.01, 0.008), (0, -0.42, 0.006)], .plain(0x40_38_30))
    lampFigure.polygon(
      [(-0.085, -0.39), (-0.05, -0.52), (0.05, -0.52), (0.085, -0.39)],
      .glowing(Colour(0xFF_E0_A8), scene.isLit ? 1.3 : 0.7))
    draw(lampFigure, Point(side * half * 0.82, floor + 0.03), 0.15, canvas)
    var plant = Figure(.scenery(stream.next()), time: time)
    plant.polygon([(-0.05, -0.1), (0.05, -0.1), (0.038, 0), (-0.038, 0)], .plain(0xC8_70_4C))
    for leaf in 0..<9 {
      let angle = -2.7 + Float(leaf) * 0.28
      let length = stream.within(0.14...0.24)
      plant.limb(
        [
          (0, -0.1, 0.006),
          (
            Elementary.cos(angle) * length * 0.5, -0.1 + Elementary.sin(angle) * length * 0.7, 0.022
          ), (Elementary.cos(angle) * length, -0.1 + Elementary.sin(angle) * length * 0.8, 0.002),
        ], Surface(colour: Colour(0x44_80_40).lit(stream.within(0.7...1.1)), texture: .leaves))
    }
    draw(plant, Point(side * half * 0.55, floor - 0.015), 0.2, canvas)
  }

  private func draw(_ figure: Figure, _ foot: Point, _ distance: Float, _ canvas: Canvas) {
    FigureDrawing(
      figure, origin: canvas.pixel(foot, 0.6), scale: canvas.pixels(1, 0.6), facing: 1,
      painter: self, distance: distance
    ).paint(on: canvas)
  }

  func paintStudio(_ canvas: Canvas) {
    var stream = scene.stream.split("studio")
    let noise = Noise(stream)
    let paper =
      scene.placeColours.first
      ?? Colour(
        stream.pick([0xD8_D0_C4, 0x8C_A4_B0, 0xC8_98_84, 0x9C_A4_8C, 0xB0_A0_C0, 0x58_5C_68]))
    let top =
      scene.materials.last.map { $0.surface(nil) }
      ?? Surface(colour: paper.lit(0.92), texture: .plain)
    let edge = scene.horizon
    let dim: Float = scene.moods.contains(.dark) ? 0.35 : (scene.isDark ? 0.55 : 1)
    let key: Float = sceneLight.direction.x > 0 ? 0.25 : -0.25
    let hasTable = !scene.materials.isEmpty
    let isNeon = sceneLight.shading == .neon
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.2)
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.2)
          let dx = x - key
          let dy = y - 0.34
          let pool = 1 / (1 + (dx * dx + dy * dy * 1.4) * 3.2)
          let mottle =
            1 + (noise.cloud(x * 2.4, y * 2.4, octaves: 4) - 0.5) * 0.16 * rendering.texture
          var colour = paper * Colour(repeating: (0.3 + 0.85 * pool) * mottle)
          // Without a table the backdrop sweeps forwards; a table has an edge.
          let t =
            hasTable
            ? Elementary.smooth(edge - 0.0015, edge + 0.0015, y)
            : Elementary.smooth(edge - 0.1, edge + 0.14, y)
          if t > 0 { colour = colour.mixed(table(top, x, y - edge, noise, pool), t) }
          colour =
            colour * Colour(repeating: dim)
            * (scene.palette.sun * Colour(repeating: 0.35) + Colour(0.55, 0.55, 0.55, 0))
          if isNeon {
            // A ring of light behind the subject, and a line of light along the table.
            let ring = abs((x * x + dy * dy).squareRoot() - 0.36)
            let line = max(
              y < edge ? Elementary.smooth(0.012, 0.004, ring) : 0,
              Elementary.smooth(0.006, 0.001, abs(y - edge)))
            let halo = y < edge ? 0.12 / (1 + ring * ring * 300) : 0
            colour += scene.glow * Colour(repeating: line * 1.3 + halo)
          }
          colour.w = y > edge ? 0.3 : 0.9
          line[column] = colour
        }
      }
    }
  }

  private func table(_ top: Surface, _ x: Float, _ below: Float, _ noise: Noise, _ pool: Float)
    -> Colour
  {
    let z = 0.5 / (max(below, 0) + 0.16)
    let u = x * z * 2
    var albedo = top.colour
    switch top.texture {
    case .bark:
      let plank = Elementary.floor(u * 2.2)
      let grain = noise.cloud(u * 14 + plank * 7, z * 1.4 + plank * 3, octaves: 4)
      let gap = Elementary.smooth(0.485, 0.497, abs(Elementary.fraction(u * 2.2) - 0.5))
      albedo = albedo.lit((0.72 + grain * 0.56) * (1 - gap * 0.6))
    case .grain:
      let warp = noise.cloud(u * 1.3, z * 1.3, octaves: 4) * 2.4
      let vein = abs(noise.cloud(u * 1.5 + warp, z * 1.5 + warp, octaves: 5) - 0.5)
      albedo = albedo.mixed(Colour(0x70_70_78), Elementary.smooth(0.04, 0, vein) * 0.6)
    case .brushed: albedo = albedo.lit(0.7 + 0.5 * noise.value(u * 2, z * 40))
    case .cloth: albedo = albedo.lit(0.8 + 0.4 * noise.cloud(u * 5, z * 3, octaves: 3))
    default: break
    }
    return albedo * Colour(repeating: 0.5 + 0.55 * pool + below * 0.25)
  }
}

/// A room seen from its front: floor, ceiling, side walls, and a back wall with a window.
private struct Room: Sendable {
  private let painter: Painter
  private let noise: Noise
  private let wallColour: Colour
  private let sky: Sky
  private let width: Float
  private let windowX: Float
  private let hasBooks: Bool
  private let depth: Float = 5.2
  private let eye: Float = 1.35
  private let ceiling: Float = 2.8

  init(_ painter: Painter, aspect: Float) {
    self.painter = painter
    var stream = painter.scene.stream.split("room")
    noise = Noise(stream)
    wallColour = Colour(stream.pick([0xD8_CC_B8, 0xB8_C4_B8, 0xC8_B8_C0, 0xB4_C0_CC, 0xE0_CC_A8]))
    sky = Sky(painter)
    hasBooks = painter.scene.features.contains(.books)
    width = 2.6 * max(0.75, aspect * 0.9)
    windowX = stream.within(-0.5...0.5)
  }

  func colour(_ x: Float, _ y: Float) -> Colour {
    let dx = x / 1.1
    let dy = (painter.scene.horizon - y) / 1.1
    let wallZ = abs(dx) < 1e-5 ? Float(1e6) : width / abs(dx)
    let floorZ = dy < -1e-5 ? eye / -dy : (dy > 1e-5 ? (ceiling - eye) / dy : 1e6)
    let z = min(wallZ, floorZ, depth)
    let px = dx * z
    let py = eye + dy * z
    let daylight = windowLight(px, py, z)
    var colour: Colour
    if z == depth {
      if let view = window(px, py, x, y) { return view }
      colour = wall(px, py, SIMD3(0, 0, 1))
    } else if z == wallZ {
      colour = wall(z, py, SIMD3(dx > 0 ? -1 : 1, 0, 0.1))
    } else if dy < 0 {
      colour = floor(px, z)
    } else {
      colour = painter.scene.palette.ambient * Colour(0.95, 0.93, 0.9, 0) * Colour(repeating: 0.85)
    }
    // Corners are darker.
    let corner = min(min(abs(width - abs(px)), depth - z + 0.4), min(py, ceiling - py) + 0.2)
    colour = colour * Colour(repeating: 0.62 + 0.38 * Elementary.smooth(0, 0.9, corner))
    colour += daylight * colour
    if painter.sceneLight.shading == .neon {
      // A strip of light under the ceiling.
      colour +=
        painter.scene.glow
        * Colour(repeating: Elementary.smooth(0.1, 0.02, abs(ceiling - 0.12 - py)) * 1.1)
    }
    colour.w = 0.35 + z * 0.06
    return colour
  }

  /// The light of the window and of the lamp on nearby surfaces.
  private func windowLight(_ x: Float, _ y: Float, _ z: Float) -> Colour {
    let dx = x - windowX
    let dz = depth - z
    let fall = 1 / (1 + dx * dx * 0.5 + dz * dz * 0.22)
    var light = painter.scene.palette.sun * Colour(repeating: fall * 0.7)
    // A patch of sun on the floor.
    let patch = Elementary.smooth(
      0.75, 0.68, abs(dx + (dz - 1.6) * 0.5 * (painter.sceneLight.direction.x > 0 ? 1 : -1)))
    if y < 0.02, dz > 0.9, dz < 2.9, painter.scene.cloudCover < 0.6 {
      light += painter.scene.palette.sun * Colour(repeating: patch * 1.1)
    }
    if painter.sceneLight.isLit { light += Colour(0xFF_B8_68) * Colour(repeating: 0.5) }
    return light
  }

  private func wall(_ u: Float, _ y: Float, _ normal: SIMD3<Float>) -> Colour {
    var albedo = wallColour
    if y < 0.1 { albedo = Colour(0xF0_EC_E4) }
    let mottle = (noise.cloud(u * 2, y * 2, octaves: 3) - 0.5) * 0.12 * painter.rendering.texture
    if normal.z < 0.5, u > 2.4, u < 4.4, y > 0.0, y < 2.1 { return shelf(u - 2.4, y) }
    if hasBooks, y < 2.6, normal.z < 0.5 || abs(u - windowX) > 1.45 {
      return shelf(Elementary.fraction(u * 0.5 + 20) * 2, y)
    }
    return albedo
      * (painter.scene.palette.ambient * Colour(repeating: 1 + mottle) + Colour(0.1, 0.09, 0.08, 0))
  }

  private static let spines = [
    Colour(0x8C_3C_30), Colour(0x34_54_74), Colour(0xC8_A8_60), Colour(0x48_68_4C),
    Colour(0xD8_D0_C0), Colour(0x5C_44_5C),
  ]

  /// A bookshelf along a side wall.
  private func shelf(_ u: Float, _ y: Float) -> Colour {
    let forest = Colour(0x6C_48_2C)
    let fy = Elementary.fraction(y / 0.42)
    let light = painter.scene.palette.ambient + Colour(0.08, 0.07, 0.05, 0)
    if fy < 0.1 || u < 0.06 || u > 1.94 { return forest * light }
    let book = Int32(u / 0.055)
    let level = Int32(y / 0.42)
    let height = 0.55 + 0.36 * Noise.cell(book, level, 5)
    if fy > height { return forest.lit(0.3) * light }
    let hue = Noise.cell(book, level, 9)
    let edge = abs(Elementary.fraction(u / 0.055) - 0.5) * 2
    return Self.spines[Int(hue * 5.99)] * light * Colour(repeating: 1.05 - edge * edge * 0.5)
  }

  private func floor(_ x: Float, _ z: Float) -> Colour {
    let plank = Elementary.floor(x * 3.4)
    let seam = Elementary.smooth(0.47, 0.495, abs(Elementary.fraction(x * 3.4) - 0.5))
    let grain = noise.cloud(x * 22 + plank * 5, z * 2 + plank * 11, octaves: 4)
    var albedo = Colour(0x9C_6C_44).lit((0.7 + grain * 0.55) * (1 - seam * 0.5))
    let rx = x / 1.5
    let rz = (z - 3.4) / 1.1
    let ring = rx * rx + rz * rz
    if ring < 1 {
      let band = Elementary.fraction(ring * 3.5) > 0.75
      albedo = (band ? Colour(0xE8_DC_C4) : Colour(0xA8_50_48)).lit(
        0.9 + 0.2 * noise.value(x * 40, z * 40))
    }
    return albedo * (painter.scene.palette.ambient + Colour(0.1, 0.09, 0.08, 0))
  }

  /// What is visible through the window; nil beside it.
  private func window(_ x: Float, _ y: Float, _ sx: Float, _ sy: Float) -> Colour? {
    let u = (x - windowX) / 0.85
    let v = (y - 1.5) / 0.75
    let reach = max(abs(u), abs(v))
    if reach > 1.12 { return curtain(u, y) }
    let light = painter.scene.palette.ambient + Colour(0.2, 0.2, 0.2, 0)
    if reach > 1 || abs(u) < 0.035 || abs(v) < 0.035 { return Colour(0.85, 0.84, 0.8, 0.6) * light }
    var view = sky.colour(sx * 1.2, sy + 0.04)
    let hills = 0.08 + 0.22 * noise.cloud(x * 1.2, 3, octaves: 4)
    if v < -0.75 + hills * 2 {
      view = painter.hazed(
        painter.sceneLight.light(Colour(0x5C_84_48), SIMD3(0, 0.8, 0.6), shine: 0), 0.4)
    }
    view.w = 0.9
    return view * Colour(1.15, 1.15, 1.15, 1)
  }

  private func curtain(_ u: Float, _ y: Float) -> Colour? {
    guard abs(u) > 1.12, abs(u) < 1.6, y > 0.5, y < 2.42 else { return nil }
    let fold = 0.7 + 0.3 * Elementary.sin(u * 36 + Elementary.sin(y * 3) * 0.6)
    var colour = Colour(0xC8_9C_84) * painter.scene.palette.ambient * Colour(repeating: fold * 1.4)
    colour.w = 0.6
    return colour
  }
}
