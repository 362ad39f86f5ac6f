import CImaging
import ImagineAPI

/// The levels of a mask: 255 is edited, 0 is kept.
struct MaskLevels {
  let width: Int
  let height: Int
  var levels: [UInt8]

  init(_ picture: Bitmap) {
    self.init(width: picture.width, height: picture.height, levels: picture.maskLevels)
  }

  init(width: Int, height: Int, levels: [UInt8]) {
    self.width = width
    self.height = height
    self.levels = levels
  }

  func picture() throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: 3) { out in
      for (index, level) in levels.enumerated() {
        for channel in 0..<3 { out[3 * index + channel] = level }
      }
    }
  }

  mutating func invert() {
    for index in levels.indices { levels[index] = 255 - levels[index] }
  }
}

extension StepImages {
  func mask() throws -> MaskLevels {
    switch step.action {
    case .alpha:
      let picture = try base()
      guard let alpha = picture.alpha else {
        throw EngineError.unusable(
          field: "image", reason: "it has no transparency; remove_background and png make some")
      }
      return MaskLevels(width: picture.width, height: picture.height, levels: alpha)
    case .invert:
      var mask = MaskLevels(try base())
      mask.invert()
      return mask
    case .grow(let pixels): return try MaskLevels(base()).grown(by: pixels, control)
    case .combine(let mode):
      var mask = MaskLevels(try base())
      let other = MaskLevels(try image("mask"))
      for index in mask.levels.indices {
        let (one, two) = (mask.levels[index], other.levels[index])
        mask.levels[index] =
          switch mode {
          case .union: max(one, two)
          case .intersect: min(one, two)
          case .subtract: min(one, 255 - two)
          }
      }
      return mask
    case .mask(let shapes, let feather, let isInverted):
      return try mask(shapes, feather: feather, isInverted: isInverted)
    default: return MaskLevels(try base())
    }
  }

  private func mask(
    _ shapes: [MaskShape], feather: Int, isInverted: Bool
  ) throws -> MaskLevels {
    var mask =
      shapes.isEmpty
      ? MaskLevels(try image("image"))
      : MaskLevels(
        width: step.size.width, height: step.size.height,
        levels: [UInt8](repeating: 0, count: step.size.width * step.size.height))
    for shape in shapes {
      try control.check()
      mask.add(shape)
    }
    if feather > 0 { mask = try mask.feathered(feather, control) }
    if isInverted { mask.invert() }
    let field = shapes.isEmpty ? "image" : "shapes"
    guard mask.levels.contains(where: { $0 > 0 }) else {
      throw EngineError.unusable(field: field, reason: "the mask is empty: nothing would be edited")
    }
    guard mask.levels.contains(where: { $0 < 255 }) else {
      throw EngineError.unusable(
        field: field, reason: "the mask covers everything: nothing would be kept")
    }
    return mask
  }
}

extension MaskLevels {
  /// Adds a shape with smooth edges.
  fileprivate mutating func add(_ shape: MaskShape) {
    let part = shape.part
    let columns = part.x..<min(width, part.x + part.size.width)
    let rows = part.y..<min(height, part.y + part.size.height)
    let (across, down) = (Float(part.size.width) / 2, Float(part.size.height) / 2)
    let (middleX, middleY) = (Float(part.x) + across, Float(part.y) + down)
    for row in rows {
      for column in columns {
        let level: UInt8
        switch shape.kind {
        case .rectangle: level = 255
        case .ellipse:
          let x = (Float(column) + 0.5 - middleX) / across
          let y = (Float(row) + 0.5 - middleY) / down
          // How far inside the edge the pixel is, in pixels along the gradient.
          let distance = x * x + y * y
          let slope = 2 * (x * x / (across * across) + y * y / (down * down)).squareRoot()
          let inside = slope > 0 ? (1 - distance) / slope : 1
          level = UInt8(min(max(inside + 0.5, 0), 1) * 255 + 0.5)
        }
        let at = row * width + column
        levels[at] = max(levels[at], level)
      }
    }
  }

  /// A soft edge of a width in pixels.
  fileprivate func feathered(_ width: Int, _ control: EngineControl) throws -> MaskLevels {
    var blurred = ImagingPicture()
    try levels.withUnsafeBufferPointer { pixels in
      try Codec.call("feather", control) { control, fault in
        imaging_blur(
          pixels.baseAddress, Int32(self.width), Int32(height), 1, Double(width) / 3, control,
          &blurred, fault)
      }
    }
    defer { imaging_free(blurred.pixels) }
    return MaskLevels(
      width: self.width, height: height,
      levels: Array(UnsafeBufferPointer(start: blurred.pixels, count: levels.count)))
  }

  /// Widens the white, or narrows it, by a distance in every direction.
  fileprivate func grown(by pixels: Int, _ control: EngineControl) throws -> MaskLevels {
    if pixels == 0 { return self }
    var mask = self
    if pixels < 0 { mask.invert() }
    let distances = try mask.squaredDistances(control)
    // The pixel at just this distance is the last that is covered whole.
    let reach = Float(abs(pixels)) + 1
    for index in mask.levels.indices {
      let covered = min(max(reach - distances[index].squareRoot(), 0), 1)
      mask.levels[index] = UInt8(covered * 255 + 0.5)
    }
    if pixels < 0 { mask.invert() }
    return mask
  }

  /// The square of each pixel's distance from the nearest white one, exact, by columns and then by
  /// rows (Felzenszwalb and Huttenlocher).
  private func squaredDistances(_ control: EngineControl) throws -> [Float] {
    let far = Float(1e10)
    var field = levels.map { $0 > 127 ? 0 : far }
    try field.withUnsafeMutableBufferPointer { field in
      for column in 0..<width {
        try control.check()
        Self.transform(field, start: column, step: width, count: height)
      }
      for row in 0..<height {
        try control.check()
        Self.transform(field, start: row * width, step: 1, count: width)
      }
    }
    return field
  }

  /// The lower envelope of the parabolas of a line.
  private static func transform(
    _ field: UnsafeMutableBufferPointer<Float>, start: Int, step: Int, count: Int
  ) {
    // Squares of distances need more digits than a Float has.
    let line = (0..<count).map { Double(field[start + $0 * step]) }
    var vertices = [Int](repeating: 0, count: count)
    var bounds = [Double](repeating: 0, count: count + 1)
    var last = 0
    bounds[0] = -.infinity
    bounds[1] = .infinity
    for place in 1..<max(1, count) {
      func meeting(_ vertex: Int) -> Double {
        let (x, v) = (Double(place), Double(vertex))
        return ((line[place] + x * x) - (line[vertex] + v * v)) / (2 * (x - v))
      }
      while last > 0, meeting(vertices[last]) <= bounds[last] { last -= 1 }
      let crossing = meeting(vertices[last])
      last += 1
      vertices[last] = place
      bounds[last] = crossing
      bounds[last + 1] = .infinity
    }
    var current = 0
    for place in 0..<count {
      while bounds[current + 1] < Double(place) { current += 1 }
      let away = Double(place - vertices[current])
      field[start + place * step] = Float(away * away + line[vertices[current]])
    }
  }
}
