/// Builds closed contours. Coordinates are the caller's; y grows downwards.
enum Shape {
  static func ellipse(_ centre: Point, _ radius: Point, turn: Float = 0) -> [Point] {
    let count = 40
    let c = Elementary.cos(turn)
    let s = Elementary.sin(turn)
    return (0..<count).map { index in
      let angle = Float(index) * 2 * Elementary.pi / Float(count)
      let x = Elementary.cos(angle) * radius.x
      let y = Elementary.sin(angle) * radius.y
      return centre + Point(x * c - y * s, x * s + y * c)
    }
  }

  /// A smooth closed curve through points (Catmull-Rom).
  static func smooth(_ points: [Point]) -> [Point] {
    let steps = 8
    var curve: [Point] = []
    curve.reserveCapacity(points.count * steps)
    let count = points.count
    for index in 0..<count {
      let p0 = points[(index + count - 1) % count]
      let p1 = points[index]
      let p2 = points[(index + 1) % count]
      let p3 = points[(index + 2) % count]
      for step in 0..<steps {
        let t = Float(step) / Float(steps)
        let a = p1 * 2
        let b = (p2 - p0) * t
        let c = (p0 * 2 - p1 * 5 + p2 * 4 - p3) * (t * t)
        let d = (p1 * 3 - p0 - p2 * 3 + p3) * (t * t * t)
        curve.append((a + b + c + d) * 0.5)
      }
    }
    return curve
  }

  /// A limb: a curve through joints with a radius at each, as one contour.
  static func limb(_ joints: [(x: Float, y: Float, radius: Float)]) -> [Point] {
    var spine: [(point: Point, radius: Float)] = []
    let steps = 6
    for index in 0..<(joints.count - 1) {
      func joint(_ at: Int) -> SIMD3<Float> {
        let j = joints[min(max(at, 0), joints.count - 1)]
        return SIMD3(j.x, j.y, j.radius)
      }
      let (p0, p1, p2, p3) = (joint(index - 1), joint(index), joint(index + 1), joint(index + 2))
      for step in 0..<steps {
        let t = Float(step) / Float(steps)
        let square = t * t
        var v = p1 * 2 + (p2 - p0) * t
        v += (p0 * 2 - p1 * 5 + p2 * 4 - p3) * square
        v += (p1 * 3 - p0 - p2 * 3 + p3) * (square * t)
        v *= 0.5
        spine.append((Point(v.x, v.y), max(v.z, 0.001)))
      }
    }
    if let last = joints.last { spine.append((Point(last.x, last.y), last.radius)) }
    var left: [Point] = []
    var right: [Point] = []
    for index in spine.indices {
      let before = spine[max(index - 1, 0)].point
      let after = spine[min(index + 1, spine.count - 1)].point
      let along = after - before
      let length = max((along * along).sum().squareRoot(), 1e-6)
      let normal = Point(-along.y, along.x) / length * spine[index].radius
      left.append(spine[index].point + normal)
      right.append(spine[index].point - normal)
    }
    return left + cap(from: left[left.count - 1], to: right[right.count - 1])
      + right.reversed() + cap(from: right[0], to: left[0])
  }

  /// A half circle from one point to another, clockwise as seen along the limb.
  private static func cap(from start: Point, to end: Point) -> [Point] {
    let centre = (start + end) * 0.5
    let arm = start - centre
    return (1..<6).map { index in
      let angle = -Float(index) * Elementary.pi / 6
      let c = Elementary.cos(angle)
      let s = Elementary.sin(angle)
      return centre + Point(arm.x * c - arm.y * s, arm.x * s + arm.y * c)
    }
  }

  static func box(_ low: Point, _ high: Point, corner: Float = 0) -> [Point] {
    if corner <= 0 {
      return [low, Point(high.x, low.y), high, Point(low.x, high.y)]
    }
    let corners: [(Point, Float)] = [
      (Point(high.x - corner, low.y + corner), -0.5), (Point(high.x - corner, high.y - corner), 0),
      (Point(low.x + corner, high.y - corner), 0.5), (Point(low.x + corner, low.y + corner), 1),
    ]
    return corners.flatMap { centre, start in
      (0...5).map { index in
        let angle = (start + Float(index) * 0.1) * Elementary.pi
        return centre + Point(Elementary.cos(angle), Elementary.sin(angle)) * corner
      }
    }
  }

  /// Orients a contour so that overlapping contours add up.
  static func aligned(_ contour: [Point]) -> [Point] {
    guard var previous = contour.last else { return contour }
    var area: Float = 0
    for point in contour {
      area += previous.x * point.y - point.x * previous.y
      previous = point
    }
    return area < 0 ? contour.reversed() : contour
  }

  /// An irregular round shape: leaves, clouds, stones.
  static func blob(
    _ centre: Point, _ radius: Point, roughness: Float, _ stream: inout RandomStream
  ) -> [Point] {
    let count = 26
    return smooth(
      (0..<count).map { index in
        let angle = Float(index) * 2 * Elementary.pi / Float(count)
        let scale = 1 + stream.within(-roughness...roughness)
        return centre + Point(Elementary.cos(angle), Elementary.sin(angle)) * radius * scale
      })
  }

  /// A line along points, as contours of one orientation.
  static func line(_ points: [Point], width: Float, closed: Bool) -> [[Point]] {
    var contours: [[Point]] = []
    let half = width * 0.5
    let last = closed ? points.count : points.count - 1
    for index in 0..<last {
      let from = points[index]
      let to = points[(index + 1) % points.count]
      let along = to - from
      let length = (along * along).sum().squareRoot()
      if length < 1e-6 { continue }
      let unit = along / length
      let side = Point(-unit.y, unit.x) * half
      let reach = unit * (half * 0.6)
      contours.append([
        from - reach + side, from - reach - side, to + reach - side, to + reach + side,
      ])
    }
    return contours
  }
}
