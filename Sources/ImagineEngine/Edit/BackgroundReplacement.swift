public import ImagineAPI

extension BuiltInEngine {
  public func addBackground(
    prompt: String, image: [UInt8], seed: Int64, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image", control: control)
    var subject: (colours: Raster, alpha: [UInt8])
    if let alpha = picture.alpha, alpha.contains(where: { $0 < 250 }) {
      subject = (Raster(picture), alpha)
    } else {
      let found = try Self.matte(of: picture, control)
      subject = (found.colours, found.alpha)
    }
    var backdrop = try Backdrop(prompt: prompt, size: picture.size, seed: seed, control)
    guard let placed = PlacedSubject(&subject) else {
      throw EngineError.unusable(field: "image", reason: "no subject was found in it")
    }
    try control.check()
    backdrop.castShadow(of: placed)
    try control.check()
    backdrop.place(placed)
    return try Codec.encode(backdrop.picture.picture(), as: .png, control: control)
  }
}

/// A subject at its position in the result.
private struct PlacedSubject {
  let colours: Raster
  let alpha: [UInt8]
  let box: (left: Int, top: Int, right: Int, bottom: Int)
  /// True when the lower edge cuts the subject off, as in a portrait.
  let isCutOff: Bool

  /// nil when no pixel is opaque. A subject that fills its frame is shrunk to leave ground to stand
  /// on; a cut-off subject stays where it is.
  init?(_ subject: inout (colours: Raster, alpha: [UInt8])) {
    let (width, height) = (subject.colours.width, subject.colours.height)
    func box(_ alpha: [UInt8]) -> (left: Int, top: Int, right: Int, bottom: Int)? {
      Mask(width: width, height: height, values: alpha.map { $0 > 40 ? 255 : 0 }).box
    }
    guard var found = box(subject.alpha) else { return nil }
    let lowest = subject.alpha.suffix(width).count { $0 > 127 }
    isCutOff = lowest * 10 > found.right - found.left
    let room = height - 1 - found.bottom
    let tall = Double(found.bottom - found.top) / Double(height)
    let wide = Double(found.right - found.left) / Double(width)
    if !isCutOff, room * 16 < height || tall > 0.84 || wide > 0.9 {
      let scale = min(1, 0.74 / tall, 0.8 / wide)
      Self.move(&subject, found, scale: scale)
      guard let moved = box(subject.alpha) else { return nil }
      found = moved
    }
    (colours, alpha) = subject
    self.box = found
  }

  /// Scales the subject and places its foot on the ground line, in the middle of the frame.
  private static func move(
    _ subject: inout (colours: Raster, alpha: [UInt8]),
    _ box: (left: Int, top: Int, right: Int, bottom: Int), scale: Double
  ) {
    guard
      let scaled = try? Codec.scale(
        subject.colours.picture(alpha: subject.alpha).cropped(
          left: box.left, top: box.top, width: box.right - box.left + 1,
          height: box.bottom - box.top + 1),
        to: PixelSize(
          width: max(1, Int(Double(box.right - box.left + 1) * scale)),
          height: max(1, Int(Double(box.bottom - box.top + 1) * scale))))
    else { return }
    let (width, height) = (subject.colours.width, subject.colours.height)
    var colours = Raster(width: width, height: height)
    var alpha = [UInt8](repeating: 0, count: width * height)
    let left = (width - scaled.width) / 2
    let top = max(0, Int(Double(height) * 0.88) - scaled.height)
    scaled.withPixels { pixels in
      for row in 0..<scaled.height where top + row < height {
        for column in 0..<scaled.width {
          let from = (row * scaled.width + column) * 4
          let to = (top + row) * width + left + column
          for channel in 0..<3 { colours.bytes[to * 3 + channel] = pixels[from + channel] }
          alpha[to] = pixels[from + 3]
        }
      }
    }
    subject = (colours, alpha)
  }
}

/// A painted background for a subject.
private struct Backdrop {
  private(set) var picture: Raster
  private let sunSide: Float

  init(prompt: String, size: PixelSize, seed: Int64, _ control: EngineControl) throws {
    let painted = ScaledPainting.paintedSize(for: size)
    let aspect = Float(painted.width) / Float(painted.height)
    var scene = Composer.scene(of: prompt, aspect: aspect, seed: seed, usualPlace: .studio)
    // NamedColour only the scenery of the prompt: the subject is given.
    scene.subjects.removeAll { !$0.kind.isScenery }
    sunSide = scene.sunDirection.x
    picture = try ScaledPainting.painted(scene, Rendering(.backdrop), size, control)
  }

  /// Darkens the ground: dense where the subject touches it, and stretched away from the light.
  mutating func castShadow(of subject: PlacedSubject) {
    let factor = max(1, picture.height / 256)
    let width = picture.width / factor
    let height = picture.height / factor
    // A cut-off subject shows no foot.
    guard width > 4, height > 4, !subject.isCutOff else { return }
    let base = Float(subject.box.bottom + 1) / Float(factor)
    let lean: Float = sunSide > 0 ? -0.7 : 0.7
    var cast = [Float](repeating: 0, count: width * height)
    var contact = cast
    let tall = Float(subject.box.bottom - subject.box.top) / Float(factor)
    func alpha(_ x: Float, _ y: Float) -> Float {
      let column = Int(x * Float(factor))
      let row = Int(y * Float(factor))
      guard column >= 0, column < picture.width, row >= 0, row < picture.height else { return 0 }
      return Float(subject.alpha[row * picture.width + column]) / 255
    }
    for row in 0..<height {
      for column in 0..<width {
        let y = Float(row) + 0.5
        let x = Float(column) + 0.5
        // The shadow lies on the ground behind the foot, flattened.
        let back = (base - y) / 0.3
        if back >= -1 {
          cast[row * width + column] =
            alpha(x - lean * max(back, 0) * 0.55, base - 1 - max(back, 0))
            * (1 - Elementary.clamp(back / max(tall, 1)) * 0.75)
        }
        if abs(y - base) < tall * 0.035 + 1 {
          contact[row * width + column] = alpha(x, base - tall * 0.03 - 1)
        }
      }
    }
    let spread = max(1, height / 64)
    for _ in 0..<2 {
      Blur.box(&cast, width, height, radius: spread)
      Blur.box(&contact, width, height, radius: max(1, spread / 2))
    }
    darken(width, height, factor) { at in 1 - min(0.8, cast[at] * 0.42 + contact[at] * 0.62) }
  }

  private mutating func darken(
    _ width: Int, _ height: Int, _ factor: Int, _ light: (Int) -> Float
  ) {
    let map = (0..<(width * height)).map(light)
    for row in 0..<picture.height {
      let y = max(0, min((Float(row) + 0.5) / Float(factor) - 0.5, Float(height) - 1.001))
      for column in 0..<picture.width {
        let x = max(0, min((Float(column) + 0.5) / Float(factor) - 0.5, Float(width) - 1.001))
        let at = Int(y) * width + Int(x)
        let tx = x - Float(Int(x))
        let ty = y - Float(Int(y))
        let top = map[at] + (map[at + 1] - map[at]) * tx
        let bottom = map[at + width] + (map[at + width + 1] - map[at + width]) * tx
        let amount = top + (bottom - top) * ty
        if amount > 0.999 { continue }
        let index = (row * picture.width + column) * 3
        for channel in 0..<3 {
          picture.bytes[index + channel] = UInt8(Float(picture.bytes[index + channel]) * amount)
        }
      }
    }
  }

  /// Puts the subject in front of the background: shifts its colours towards the background's, and
  /// lights its edge from behind.
  mutating func place(_ subject: PlacedSubject) {
    let gain = colourMatch(subject)
    let factor = max(2, picture.height / 200)
    let (light, width, height) = Blur.small(picture, factor: factor)
    let (edge, _, _) = Blur.small(subject.alpha, picture.width, picture.height, factor: factor)
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        let index = row * picture.width + column
        let alpha = Float(subject.alpha[index]) / 255
        if alpha == 0 { continue }
        let small = min(row / factor, height - 1) * width + min(column / factor, width - 1)
        let wrap = Elementary.clamp((1 - edge[small]) * 0.6) * 0.5
        for channel in 0..<3 {
          let at = index * 3 + channel
          var value = Float(subject.colours.bytes[at]) * gain[channel]
          let behind = light[small * 3 + channel]
          value += max(0, behind - value) * wrap
          picture.bytes[at] = UInt8(
            min(255, Float(picture.bytes[at]) * (1 - alpha) + value * alpha + 0.5))
        }
      }
    }
  }

  private func colourMatch(_ subject: PlacedSubject) -> SIMD3<Float> {
    var sum = SIMD3<Float>.zero
    for index in stride(from: 0, to: picture.width * picture.height, by: 7) {
      sum += SIMD3(
        Float(picture.bytes[index * 3]), Float(picture.bytes[index * 3 + 1]),
        Float(picture.bytes[index * 3 + 2]))
    }
    let count = Float((picture.width * picture.height + 6) / 7)
    let mean = sum / count
    let grey = max(mean.sum() / 3, 1)
    let hue = mean / grey
    // A dark background dims the subject, but never to its own level, so that the subject stays
    // visible.
    let level = min(1.03, 0.58 + 0.42 * grey / 110)
    return (SIMD3(repeating: 1) + (hue - SIMD3(repeating: 1)) * 0.28) * level
  }
}
