/// The positions of a person's joints.
struct PersonPosture {
  struct Leg {
    var hip: Point
    var thigh: Point
    var knee: Point
    var calf: Point
    var ankle: Point
    var isBehind = false
  }

  struct Arm {
    var shoulder: Point
    var elbow: Point
    var wrist: Point
  }

  let isWoman: Bool
  let isSeated: Bool
  let walks: Bool
  let sway: Float
  let clock: Float

  /// How far the upper body is lowered: a seated person has the hips on the seat.
  var drop: Float { isSeated ? 0.44 : (walks ? abs(stride) * 0.03 : 0) }

  var shoulder: Float { isWoman ? 0.096 : 0.116 }

  /// -1 … 1 during a step.
  private var stride: Float { Elementary.sin(clock * 5 + 1.1) }

  func leg(_ side: Float) -> Leg {
    if isSeated {
      // Thighs point towards the viewer.
      return Leg(
        hip: Point(0.045 * side, -0.05), thigh: Point(0.06 * side, 0.0),
        knee: Point(0.07 * side, 0.05), calf: Point(0.074 * side, 0.13),
        ankle: Point(0.076 * side, 0.24))
    }
    if walks {
      let step = stride * side
      let lift = max(0, -step) * 0.07
      return Leg(
        hip: Point(0.042 * side, -0.48), thigh: Point(0.045 * side + step * 0.012, -0.39),
        knee: Point(0.042 * side + step * 0.03, -0.27 - lift * 0.2),
        calf: Point(0.038 * side + step * 0.026, -0.18 - lift * 0.6),
        ankle: Point(0.032 * side + step * 0.04, -0.042 - lift), isBehind: step < 0)
    }
    // The weight is on one leg; the other stands slightly aside.
    let aside: Float = side > 0 ? 0.024 : 0
    return Leg(
      hip: Point(0.044 * side, -0.48), thigh: Point(0.05 * side + aside * 0.2, -0.39),
      knee: Point(0.046 * side + aside * 0.6, -0.27),
      calf: Point(0.047 * side + aside * 0.8, -0.18),
      ankle: Point(0.04 * side + aside, -0.042))
  }

  func arm(_ side: Float) -> Arm {
    let top = Point((shoulder - 0.022) * side, -0.772 + drop)
    if isSeated {
      return Arm(
        shoulder: top, elbow: Point((shoulder + 0.03) * side, -0.64 + drop),
        wrist: Point(0.06 * side, -0.05))
    }
    if walks {
      let swing = -stride * side
      return Arm(
        shoulder: top, elbow: Point((shoulder + 0.03) * side, -0.645 + swing * 0.014),
        wrist: Point((shoulder + 0.012 - swing * 0.03) * side, -0.53 - max(0, swing) * 0.05))
    }
    if side < 0 {
      // One hand on the hip, or in the pocket.
      return Arm(
        shoulder: top, elbow: Point(-(shoulder + 0.05), -0.65), wrist: Point(-0.098, -0.52))
    }
    return Arm(
      shoulder: top, elbow: Point(shoulder + 0.024 + sway, -0.645),
      wrist: Point(shoulder + 0.03 + sway * 2, -0.515))
  }
}
