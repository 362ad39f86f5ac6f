/// Where a pose puts the parts of a four-legged animal.
struct QuadrupedPosture: Sendable {
  /// The angles of a leg's three bones from straight down; positive is forwards.
  typealias Bend = SIMD3<Float>

  /// The height of the trunk's middle above the ground, as a fraction of its standing height.
  private(set) var height: Float = 1
  /// The trunk's rotation; negative raises its front.
  private(set) var pitch: Float = 0
  private(set) var stretch: Float = 1
  /// An angle added to the neck's usual rise.
  private(set) var neck: Float = 0
  /// The head's rotation; positive lowers the nose.
  private(set) var nod: Float = 0
  private(set) var fore = (near: Bend(-0.08, 0.04, 0.04), far: Bend(0.1, 0.02, 0))
  private(set) var hind = (near: Bend(0.3, -0.42, 0.02), far: Bend(0.42, -0.3, 0.1))
  /// How far the tail is raised from hanging: 1 is straight backwards.
  private(set) var tail: Float = 0.35
  /// True when the forelegs are folded under the body; `foldsHind` is for the hind legs.
  private(set) var foldsFore = false
  private(set) var foldsHind = false
  let sleeps: Bool

  init(_ pose: Pose, _ build: QuadrupedBuild, time: Float) {
    sleeps = pose == .sleeping
    switch pose {
    case .standing, .riding: break
    case .grazing:
      neck = -build.rise - (build.hooves ? 0.95 : 0.6)
      nod = 0.55
    case .walking:
      let step = 0.5 + 0.5 * Elementary.sin(time * 4 + 1.2)
      let (on, back) = (step, 1 - step)
      fore.near = Bend(0.36 * on - 0.34 * back, 0.26 * on - 0.34 * back, 0.1 * on - 0.4 * back)
      fore.far = Bend(0.36 * back - 0.34 * on, 0.26 * back - 0.34 * on, 0.1 * back - 0.4 * on)
      hind.near = Bend(0.6 * back + 0.05 * on, -0.2 * back - 0.55 * on, 0.1 * back - 0.3 * on)
      hind.far = Bend(0.6 * on + 0.05 * back, -0.2 * on - 0.55 * back, 0.1 * on - 0.3 * back)
      neck = -0.1
    case .running:
      // Between the two extremes of a gallop: stretched and gathered.
      let out = 0.62 + 0.38 * Elementary.cos(time * 9)
      let bend = 1 - out
      stretch = 1.04 + 0.08 * out - 0.04 * bend
      pitch = -0.1 * out + 0.06 * bend
      height = 1.02
      neck = build.hooves ? -0.38 : -0.3
      nod = build.hooves ? -0.22 : 0.04
      tail = 0.8
      fore.near = Bend(1.0, 1.15, 1.0) * out + Bend(0.35, -1.3, -1.5) * bend
      fore.far = Bend(0.62, 0.5, 0.1) * out + Bend(-0.5, -0.9, -1.1) * bend
      hind.near = Bend(-0.5, -1.25, -0.95) * out + Bend(1.1, 0.2, 0.7) * bend
      hind.far = Bend(-0.15, -1.0, -0.75) * out + Bend(0.9, 0, 0.5) * bend
    case .leaping:
      pitch = -0.36
      height = 1.28
      stretch = 1.05
      neck = -0.3
      nod = build.hooves ? -0.1 : 0.1
      tail = 0.8
      fore.near = Bend(1.0, -0.35, -0.7)
      fore.far = Bend(1.25, 0.1, -0.3)
      hind.near = Bend(-0.3, -0.95, -0.7)
      hind.far = Bend(-0.05, -0.75, -0.5)
    case .sitting where !build.hooves:
      pitch = -0.8
      height = 0.98
      stretch = 0.92
      neck = 0.25
      foldsHind = true
    case .sitting, .lying, .sleeping:
      height = (max(build.chest, build.rump) + 0.015) / build.height
      neck = pose == .sleeping ? -build.rise - 0.3 : 0.08
      nod = pose == .sleeping ? 0.1 : 0
      foldsFore = true
      foldsHind = true
      tail = 0
    }
  }
}
