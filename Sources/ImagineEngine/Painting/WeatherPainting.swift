/// Weather between the viewer and the scene: fog, rain, snow, lightning; and fireworks.
extension Painter {
  func paintWeather(_ canvas: Canvas) {
    let isSheltered = [.interior, .studio, .space, .underwater].contains(scene.place)
    if isSheltered { return }
    if scene.weather == .fog || scene.features.contains(.mist) { paintFog(canvas) }
    if scene.features.contains(.lightning) { paintLightning(canvas) }
    if scene.features.contains(.fireworks) { paintFireworks(canvas) }
    switch scene.weather {
    case .rain, .storm: paintPrecipitation(canvas, isSnow: false)
    case .snow: paintPrecipitation(canvas, isSnow: true)
    default: break
    }
    if scene.features.contains(.petals), scene.weather != .snow { paintPetals(canvas) }
  }

  private func paintFog(_ canvas: Canvas) {
    let noise = Noise(scene.stream.split("fog"))
    let tone = scene.palette.haze
    let strength: Float = scene.weather == .fog ? 0.85 : 0.55
    canvas.inBands { band in
      for row in band {
        let y = canvas.y(row, 0.4)
        let line = canvas.pixels + row * canvas.width
        let dy = y - scene.horizon
        let layer = Elementary.exp(-dy * dy * 16)
        for column in 0..<canvas.width {
          let x = canvas.x(column, 0.4)
          let wisp = noise.cloud(x * 2 + time * 0.05, y * 5, octaves: 4)
          let depth = min(1, line[column].w * 1.4 + 0.08)
          let amount = strength * depth * (layer * 0.7 + 0.3) * Elementary.smooth(0.15, 0.7, wisp)
          var veiled = line[column].mixed(tone, Elementary.clamp(amount))
          veiled.w = line[column].w
          line[column] = veiled
        }
      }
    }
  }

  /// Rain in streaks or snow in flakes, in four layers of depth.
  private func paintPrecipitation(_ canvas: Canvas, isSnow: Bool) {
    let lean: Float = scene.weather == .storm ? 0.34 : (isSnow ? 0.12 : 0.13)
    let tone =
      isSnow
      ? Colour(0.92, 0.94, 1, 0) * (scene.palette.ambient + Colour(0.25, 0.25, 0.25, 0))
      : scene.palette.ambient * Colour(0.9, 0.95, 1, 0) + Colour(0.12, 0.12, 0.13, 0)
    let clock = time
    canvas.inBands { band in
      for layer in 0..<4 {
        let fall =
          isSnow
          ? PrecipitationLayer.snow(layer, lean, clock)
          : PrecipitationLayer.rain(layer, lean, clock)
        fall.paint(tone, band, canvas)
      }
    }
  }

  private func paintLightning(_ canvas: Canvas) {
    // In a video lightning strikes now and then; an image shows the moment.
    let beat = Elementary.fraction(time * 0.45)
    if beat > 0.14 { return }
    var stream = scene.stream.split("lightning", Int(time * 0.45))
    var figure = Figure(.scenery(1), time: 0)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    func bolt(_ from: Point, _ length: Float, _ width: Float, _ lean: Float) {
      var at = from
      let end = from.y + length
      while at.y < end {
        let next = at + Point(stream.within(-0.035...0.035) + lean, stream.within(0.025...0.05))
        figure.limb(
          [(at.x, at.y, width), (next.x, next.y, width * 0.9)],
          .glowing(Colour(0.8, 0.84, 1, 0), 3), outlined: false)
        if width > 0.0016, stream.chance(0.18) {
          bolt(next, length * 0.35, width * 0.5, stream.within(-0.03...0.03))
        }
        at = next
      }
    }
    bolt(Point(stream.within(-0.6...0.6) * half, -0.02), scene.horizon, 0.0032, 0)
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0)), scale: canvas.pixels(1), facing: 1, painter: self,
      distance: 0.9
    ).paint(on: canvas)
  }

  private func paintFireworks(_ canvas: Canvas) {
    var figure = Figure(.scenery(1), time: 0)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    for burst in 0..<5 {
      let cycle = time * 0.5 + Float(burst) * 0.37 + 0.62
      let age = Elementary.fraction(cycle)
      var stream = scene.stream.split("firework", burst * 100 + Int(cycle))
      let centre = Point(stream.within(-0.8...0.8) * half, scene.horizon * stream.within(0.2...0.6))
      let hue = Colour(stream.pick([0xFF_50_40, 0xFF_C8_40, 0x50_C0_FF, 0xE0_60_FF, 0x60_FF_90]))
      let reach = stream.within(0.1...0.19) * (1 - (1 - age) * (1 - age))
      for ray in 0..<34 {
        let angle = Float(ray) * 0.1848 + stream.within(-0.06...0.06)
        let length = reach * stream.within(0.75...1.05)
        let direction = Point(Elementary.cos(angle), Elementary.sin(angle))
        let tip = centre + direction * length + Point(0, age * age * 0.06)
        let tail = centre + direction * length * 0.55 + Point(0, age * age * 0.03)
        figure.limb(
          [(tail.x, tail.y, 0.0006), (tip.x, tip.y, 0.0018)], .glowing(hue, 2.4 * (1 - age * 0.8)),
          outlined: false)
      }
    }
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0)), scale: canvas.pixels(1), facing: 1, painter: self,
      distance: 0.9
    ).paint(on: canvas)
  }

  private func paintPetals(_ canvas: Canvas) {
    var stream = scene.stream.split("petals")
    var figure = Figure(.scenery(1), time: 0)
    let half = Float(canvas.width) / Float(canvas.height) * 0.5
    for _ in 0..<46 {
      let size = stream.within(0.004...0.011)
      let speed = stream.within(0.03...0.07)
      let x =
        stream.within(-half...half) + Elementary.sin(time + stream.unit() * 6) * 0.02 - time * speed
        * 0.4
      let y = Elementary.fraction(stream.unit() + time * speed)
      figure.ellipse(
        x, y, size, size * 0.55, turn: stream.within(0...3) + time,
        Surface(colour: Colour(0xF8_C0_D0), round: 0.3, glow: 0.5), outlined: false)
    }
    FigureDrawing(
      figure, origin: canvas.pixel(Point(0, 0), 0.8), scale: canvas.pixels(1, 0.8), facing: 1,
      painter: self, distance: 0.05
    ).paint(on: canvas)
  }
}
