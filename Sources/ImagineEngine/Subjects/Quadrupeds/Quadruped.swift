/// A four-legged animal: its build in a posture, drawn from the far legs to the head.
struct Quadruped: Sendable {
  let kind: SubjectKind
  let build: QuadrupedBuild
  let posture: QuadrupedPosture
  let coat: Surface
  let second: Surface?
  let time: Float
  private let trunk: Turn

  init(
    _ kind: SubjectKind, _ build: QuadrupedBuild, _ pose: Pose, coat: Surface, second: Surface?,
    time: Float
  ) {
    self.kind = kind
    self.build = build
    self.coat = coat
    self.second = second
    self.time = time
    posture = QuadrupedPosture(pose, build, time: time)
    trunk = Turn(posture.pitch)
  }

  /// The position of a point of the trunk.
  func onTrunk(_ x: Float, _ y: Float) -> Point {
    Point(0, -build.height * posture.height) + trunk.applied(to: Point(x * posture.stretch, y))
  }

  func onTrunk(_ contour: [Point]) -> [Point] { contour.map { onTrunk($0.x, $0.y) } }

  var light: Surface { coat.with(colour: coat.colour.mixed(Colour(0xFA_F2_E6), 0.66)) }
  var dark: Surface { coat.darker(0.3) }

  private var neckBase: Point {
    onTrunk(build.half + build.chest * 0.25, -build.chest * 0.38)
  }

  /// The point where the head joins the neck.
  var headJoint: Point {
    let rise = build.rise + posture.neck
    let breath = Elementary.sin(time * 1.5) * 0.006
    return neckBase
      + Point(Elementary.cos(rise), -Elementary.sin(rise)) * build.neck + Point(0, breath)
  }

  var trunkContour: [Point] {
    Shape.smooth(build.outline.map { onTrunk($0.0, $0.1) })
  }

  var neckContour: [Point] {
    let base = neckBase
    let root = onTrunk(build.half * 0.72, -build.chest * 0.12)
    let top = headJoint
    let middle = (base + top) * 0.5
    return Shape.limb([
      (root.x, root.y, build.throat * 1.05), (base.x, base.y, build.throat),
      (middle.x, middle.y, (build.throat + build.nape) * 0.48), (top.x, top.y, build.nape),
    ])
  }

  /// The joints of a leg from its top to its foot.
  struct Leg: Sendable {
    var joints: [Point]
    /// The rotation of its last bone.
    var turn: Float
  }

  func foreLeg(isNear: Bool) -> Leg {
    let aside: Float = isNear ? 0 : build.half * 0.16
    let top = onTrunk(build.half * 0.86 + aside, build.chest * 0.3)
    if posture.foldsFore { return folded(from: top, aside: aside, isFore: true) }
    if posture.foldsHind {
      // A sitting animal stands on straight forelegs.
      let foot = Point(top.x + 0.03, -build.ankle)
      return Leg(joints: [top, (top + foot) * 0.5 + Point(0.02, 0), foot, foot], turn: 0)
    }
    let rest = build.height - build.chest * 0.3 - build.ankle * 0.9
    return hanging(
      from: top, isNear ? posture.fore.near : posture.fore.far, [0.42, 0.38, 0.2], rest: rest)
  }

  func hindLeg(isNear: Bool) -> Leg {
    let aside: Float = isNear ? 0 : build.half * 0.16
    let top = onTrunk(-build.half + aside, build.rump * 0.15)
    if posture.foldsHind { return folded(from: top, aside: aside, isFore: false) }
    let rest = (build.height - build.rump * 0.15 - build.ankle * 0.9) * 1.065
    return hanging(
      from: top, isNear ? posture.hind.near : posture.hind.far, [0.4, 0.34, 0.26], rest: rest)
  }

  private func hanging(
    from top: Point, _ bend: QuadrupedPosture.Bend, _ parts: [Float], rest: Float
  ) -> Leg {
    var joints = [top]
    var at = top
    for (bone, part) in parts.enumerated() {
      let angle = bend[bone]
      at += Point(Elementary.sin(angle), Elementary.cos(angle)) * (rest * part)
      joints.append(at)
    }
    // No foot may sink into the ground.
    let depth = max(0, at.y + build.ankle * 0.9)
    for joint in 1..<joints.count { joints[joint].y -= depth * Float(joint) / 3 }
    return Leg(joints: joints, turn: -bend.z)
  }

  private func folded(from top: Point, aside: Float, isFore: Bool) -> Leg {
    let low = -build.ankle * 0.9
    let reach = build.height * (isFore ? 0.5 : 0.42)
    if isFore, build.hooves {
      // The knee lies in front, the hoof under the chest.
      return Leg(
        joints: [
          top, Point(top.x + 0.12, low - 0.06), Point(top.x + 0.16, low - 0.01),
          Point(top.x - 0.06, low),
        ], turn: 1.4)
    }
    let start = isFore ? top.x + 0.02 : top.x - build.rump * 0.2
    return Leg(
      joints: [
        top, Point(start, low - 0.06), Point(start + reach * 0.5, low),
        Point(start + reach + aside, low),
      ], turn: -0.2)
  }
}

extension Figure {
  /// A four-legged animal in its pose.
  mutating func drawQuadruped(_ kind: SubjectKind) {
    guard let build = kind.build else { return }
    let pose = pose ?? build.usual
    let texture: Surface.Texture = build.hooves ? .peel : .fur
    let coat = main(oneOf: build.hues, texture)
    let animal = Quadruped(
      kind, build, pose, coat: coat,
      second: colours.count > 1 ? coat.with(colour: colours[1]) : nil, time: time)
    if pose == .sitting || features.contains(.spacesuit), drawSitting(animal) { return }
    if pose == .sleeping, build.curlsUp { return drawCurled(animal) }
    for isFore in [true, false] {
      let leg = isFore ? animal.foreLeg(isNear: false) : animal.hindLeg(isNear: false)
      add(animal.contour(of: leg, isFore: isFore), coat.darker(0.66))
      drawFoot(animal, leg, coat.darker(0.66), isFar: true)
    }
    drawTail(animal)
    let fore = animal.foreLeg(isNear: true)
    let hind = animal.hindLeg(isNear: true)
    // Legs that carry weight form one part with the trunk; folded legs lie in front of it.
    let foreLeg = animal.limb(of: fore, isFore: true)
    let hindLeg = animal.limb(of: hind, isFore: false)
    let (foldsFore, foldsHind) = (animal.posture.foldsFore, animal.posture.foldsHind)
    var hide = coat
    hide.round = 1
    add(
      all: [animal.trunkContour, animal.neckContour] + (foldsFore ? [] : foreLeg)
        + (foldsHind ? [] : hindLeg), hide)
    drawBelly(of: animal)
    if !foldsHind { mark(foreLeg + hindLeg, hide) }
    drawCoat(of: animal)
    for (leg, contours, isFolded) in [(hind, hindLeg, foldsHind), (fore, foreLeg, foldsFore)] {
      if isFolded { add(all: contours, hide) }
      drawCoat(of: animal, on: leg, isFolded: isFolded)
    }
    if build.hooves {
      for leg in [hind, fore] { drawFoot(animal, leg, coat, isFar: false) }
    }
    drawHead(of: animal)
  }

  private mutating func drawFoot(
    _ animal: Quadruped, _ leg: Quadruped.Leg, _ surface: Surface, isFar: Bool
  ) {
    guard animal.build.hooves else { return add(animal.paw(leg), surface) }
    let width = animal.build.ankle * 1.15
    let foot = leg.joints[leg.joints.count - 1]
    draw(at: foot, turn: leg.turn) {
      $0.polygon(
        [
          (-width, -width * 0.5), (width, -width * 0.5), (width * 1.35, width * 0.9),
          (-width, width * 0.9),
        ], Surface(colour: Colour(isFar ? 0x1C_18_18 : 0x2C_26_24)))
    }
  }

  private mutating func drawTail(_ animal: Quadruped) {
    let build = animal.build
    let root = animal.onTrunk(-build.half - build.rump * 0.72, -build.rump * 0.45)
    let swing = Elementary.sin(time * 2.2) * 0.04
    let raise = animal.posture.tail
    // A hanging tail falls behind the hind legs; a raised one streams out.
    func at(_ far: Float) -> Point {
      let fall = far * far * (1 - raise) + far * 0.25 * (1 - raise)
      return Point(
        root.x - far * (0.26 + 0.42 * raise) - swing * far,
        min(root.y + fall * 0.5 - far * raise * 0.06, -0.035))
    }
    switch build.tail {
    case .none: break
    case .stump:
      limb([(root.x + 0.02, root.y, 0.04), (root.x - 0.06, root.y + 0.03, 0.02)], animal.light)
    case .thin where build.head == .cat && raise > 0 && raise < 0.5:
      // A standing cat carries it upright.
      limb(
        [
          (root.x + 0.04, root.y + 0.03, 0.042), (root.x - 0.1, root.y - 0.02, 0.036),
          (root.x - 0.19, root.y - 0.16, 0.034), (root.x - 0.17 - swing, root.y - 0.34, 0.03),
          (root.x - 0.23 - swing * 2, root.y - 0.44, 0.02),
        ], animal.coat)
    case .thin:
      let (a, b, c) = (at(0.35), at(0.8), at(1))
      let width: Float = build.head == .bigCat ? 0.042 : 0.034
      limb(
        [
          (root.x + 0.04, root.y + 0.02, width * 1.15), (a.x, a.y, width), (b.x, b.y, width),
          (c.x - 0.06, c.y - 0.06, width * 0.9), (c.x - 0.06, c.y - 0.17, width * 0.6),
        ], animal.coat)
      if build.coat == .tiger { drawRings(animal, [a, b, c + Point(-0.06, -0.08)], width) }
    case .bushy:
      let (a, b, c) = (at(0.4), at(0.85), at(1.3))
      let full: Float = build.coat == .fox ? 0.095 : 0.07
      limb(
        [
          (root.x + 0.05, root.y + 0.02, 0.04), (a.x, a.y, full * 0.75), (b.x, b.y, full),
          ((b.x + c.x) * 0.5, (b.y + c.y) * 0.5 - full * 0.3, full * 0.85),
          (c.x, min(c.y, -full) - full * 0.2, 0.012),
        ], animal.coat)
      let tip =
        build.coat == .fox ? Surface(colour: Colour(0xFA_F6_F0), texture: .fur) : animal.dark
      mark([Shape.ellipse(Point(c.x - 0.02, c.y - full * 0.2), Point(0.13, 0.16), turn: 0.4)], tip)
    case .hair:
      let (a, b, c) = (at(0.3), at(0.75), at(1.15))
      limb(
        [
          (root.x + 0.03, root.y, 0.03), (a.x, a.y, 0.05), (b.x, b.y + 0.03, 0.062),
          (c.x, min(c.y + 0.08, -0.03), 0.008),
        ], animal.mane)
    case .tassel:
      let (a, b, c) = (at(0.25), at(0.5), at(0.75))
      limb(
        [
          (root.x + 0.03, root.y, 0.026), (a.x, a.y, 0.018), (b.x, b.y, 0.015),
          (c.x, c.y, 0.014),
        ], animal.coat)
      ellipse(
        c.x - 0.015, min(c.y + 0.05, -0.07), 0.03, 0.07, turn: 0.2 + raise, animal.mane)
    }
  }

  /// Rolled up, with the head on the paws and the tail around them.
  private mutating func drawCurled(_ animal: Quadruped) {
    let build = animal.build
    let breath = Elementary.sin(time * 1.3) * 0.008
    var hide = animal.coat
    hide.round = 1
    smooth(
      [
        (-0.5, -0.1), (-0.46, -0.26), (-0.27, -0.4 - breath), (0, -0.44 - breath), (0.27, -0.38),
        (0.44, -0.22), (0.47, -0.08), (0.3, 0), (-0.3, 0),
      ], hide)
    drawCurledCoat(animal)
    limb([(-0.36, -0.16, 0.12), (-0.2, -0.2, 0.13), (-0.14, -0.1, 0.09)], animal.coat)
    limb([(0.1, -0.1, 0.06), (0.34, -0.05, 0.05), (0.46, -0.04, 0.045)], animal.coat)
    let isBushy = build.tail == .bushy
    let full: Float = isBushy ? 0.085 : 0.045
    limb(
      [
        (-0.46, -0.12, full * 0.7), (-0.3, -full * 0.9, full), (0.0, -full * 0.75, full),
        (0.2, -full * 0.8, full * 0.6), (0.28, -full, 0.02),
      ], animal.coat)
    if isBushy {
      mark(
        [Shape.ellipse(Point(0.24, -0.06), Point(0.14, 0.12))],
        build.coat == .fox ? animal.white : animal.dark)
    }
    let isFacing = build.head == .cat
    draw(at: Point(isFacing ? 0.3 : 0.2, isFacing ? -0.2 : -0.17), turn: isFacing ? 0.22 : 0.12) {
      $0.drawHead(of: animal, at: Point(0, 0))
    }
  }
}

extension Quadruped {
  var white: Surface { Surface(colour: Colour(0xFA_F6_F0), texture: coat.texture) }
  var mane: Surface {
    second ?? (kind == .lion ? Surface(colour: Colour(0x7C_48_20), texture: .fur) : dark)
  }

  /// The colour of a cow's patches.
  var patch: Surface {
    second ?? (coat.colour.y > 0.5 ? coat.with(colour: Colour(0x2A_24_24)) : white)
  }

  func contour(of leg: Leg, isFore: Bool) -> [Point] {
    let j = leg.joints
    let top = build.thigh * (isFore ? 0.82 : 1)
    // Folded legs have no thick top: the haunch covers it.
    let high = (isFore ? posture.foldsFore : posture.foldsHind) ? build.knee * 1.2 : top
    return Shape.limb([
      (j[0].x, j[0].y, high), (j[1].x, j[1].y, (build.knee + high) * 0.46),
      (j[2].x, j[2].y, build.knee * 0.82), (j[3].x, j[3].y, build.ankle),
    ])
  }

  /// A near leg with its paw, and its thigh when folded.
  func limb(of leg: Leg, isFore: Bool) -> [[Point]] {
    var contours = [contour(of: leg, isFore: isFore)]
    if !build.hooves { contours.append(paw(leg)) }
    if !isFore, posture.foldsHind { contours.append(haunch) }
    return contours
  }

  func paw(_ leg: Leg) -> [Point] {
    let foot = leg.joints[leg.joints.count - 1]
    let reach = Turn(leg.turn).applied(to: Point(build.ankle * 0.55, build.ankle * 0.1))
    return Shape.ellipse(
      foot + reach, Point(build.ankle * 1.45, build.ankle * 0.95), turn: leg.turn)
  }

  /// The thigh of a folded hind leg.
  var haunch: [Point] {
    let top = onTrunk(-build.half, build.rump * 0.15)
    let size = build.rump * 1.05
    return Shape.ellipse(
      Point(top.x + build.rump * 0.25, max(top.y, -size * 1.05)), Point(size * 1.1, size),
      turn: -0.3)
  }
}
