/// A subject as a list of parts, from back to front.
///
/// Coordinates: the foot at (0, 0), height 1 upwards (negative y), x to the right.
struct Figure: Sendable {
  struct Part: Sendable {
    var contours: [[Point]]
    var surface: Surface
    /// True to draw an ink line around it in styles that have one.
    var isOutlined: Bool
    /// The part that it marks: it shows only on that part, and shares its form.
    var base: Int?
  }

  private(set) var parts: [Part] = []
  /// Colours from the prompt; parts use them in order.
  let colours: [Colour]
  let material: Material?
  var stream: RandomStream
  /// Seconds into a video, for moving parts.
  let time: Float
  let features: Set<Feature>
  let pose: Pose?

  init(_ placement: Scene.Placement, time: Float) {
    colours = placement.colours
    material = placement.material
    stream = RandomStream(placement.seed)
    features = placement.features
    pose = placement.pose
    self.time = time
  }

  /// The main surface: the prompt's material and first colour, else `usual`.
  func main(_ usual: Surface) -> Surface {
    if let material { return material.surface(colours.first) }
    guard let colour = colours.first else { return usual }
    return usual.with(colour: colour)
  }

  /// A random usual colour, unless the prompt names one.
  mutating func main(oneOf codes: [UInt32], _ texture: Surface.Texture, shine: Float = 0) -> Surface
  {
    main(Surface(colour: Colour(stream.pick(codes)), texture: texture, shine: shine))
  }

  /// The prompt's second colour, else `usual`.
  func second(_ usual: Surface) -> Surface {
    colours.count > 1 ? usual.with(colour: colours[1]) : usual
  }

  mutating func add(_ contour: [Point], _ surface: Surface, outlined: Bool = true) {
    parts.append(Part(contours: [contour], surface: surface, isOutlined: outlined))
  }

  /// Adds contours that form one part.
  mutating func add(all contours: [[Point]], _ surface: Surface, outlined: Bool = true) {
    parts.append(
      Part(contours: contours.map(Shape.aligned), surface: surface, isOutlined: outlined))
  }

  /// Paints contours onto the last part added: stripes, patches, a light belly.
  mutating func mark(_ contours: [[Point]], _ surface: Surface) {
    let last = parts.indices.last { parts[$0].base == nil }
    parts.append(
      Part(
        contours: contours.map(Shape.aligned), surface: surface, isOutlined: false, base: last))
  }

  mutating func ellipse(
    _ x: Float, _ y: Float, _ rx: Float, _ ry: Float, turn: Float = 0, _ surface: Surface,
    outlined: Bool = true
  ) {
    add(Shape.ellipse(Point(x, y), Point(rx, ry), turn: turn), surface, outlined: outlined)
  }

  mutating func limb(
    _ joints: [(x: Float, y: Float, radius: Float)], _ surface: Surface, outlined: Bool = true
  ) {
    add(Shape.limb(joints), surface, outlined: outlined)
  }

  mutating func smooth(_ points: [(Float, Float)], _ surface: Surface, outlined: Bool = true) {
    add(Shape.smooth(points.map { Point($0.0, $0.1) }), surface, outlined: outlined)
  }

  mutating func polygon(_ points: [(Float, Float)], _ surface: Surface, outlined: Bool = true) {
    add(points.map { Point($0.0, $0.1) }, surface, outlined: outlined)
  }

  mutating func box(
    _ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float, corner: Float = 0, _ surface: Surface,
    outlined: Bool = true
  ) {
    add(Shape.box(Point(x0, y0), Point(x1, y1), corner: corner), surface, outlined: outlined)
  }

  /// Rotates everything drawn so far; counter-clockwise when negative.
  mutating func turn(by angle: Float, around centre: Point) {
    let turn = Turn(angle)
    place(from: 0) { centre + turn.applied(to: $0 - centre) }
  }

  /// Moves everything drawn so far.
  mutating func move(by way: Point) { place(from: 0) { $0 + way } }

  /// Draws in local coordinates, with origin `origin` and unit `scale`, rotated clockwise by
  /// `angle`.
  mutating func draw(
    at origin: Point, scale: Float = 1, turn angle: Float = 0, _ draw: (inout Figure) -> Void
  ) {
    let first = parts.count
    draw(&self)
    let turn = Turn(angle)
    place(from: first) { origin + turn.applied(to: $0) * scale }
  }

  private mutating func place(from first: Int, _ new: (Point) -> Point) {
    for part in first..<parts.count {
      for contour in parts[part].contours.indices {
        for index in parts[part].contours[contour].indices {
          parts[part].contours[contour][index] = new(parts[part].contours[contour][index])
        }
      }
    }
  }

  /// Draws the same thing on both sides of the middle.
  mutating func bothSides(_ draw: (inout Figure, Float) -> Void) {
    draw(&self, -1)
    draw(&self, 1)
  }
}

/// A clockwise rotation by an angle.
struct Turn: Sendable {
  private let cosine: Float
  private let sine: Float

  init(_ angle: Float) {
    cosine = Elementary.cos(angle)
    sine = Elementary.sin(angle)
  }

  func applied(to point: Point) -> Point {
    Point(point.x * cosine - point.y * sine, point.x * sine + point.y * cosine)
  }
}

extension SubjectKind {
  func figure(_ placement: Scene.Placement, time: Float) -> Figure {
    var figure = Figure(placement, time: time)
    switch self {
    case .person: figure.drawPerson()
    case .cat, .dog, .fox, .wolf, .tiger, .leopard, .lion, .bear, .horse, .zebra, .cow, .deer:
      figure.drawQuadruped(self)
    case .bird:
      figure.drawBird(
        standing: placement.standsOnGround || placement.pose == .sitting)
    case .tree: figure.drawTree()
    case .conifer: figure.drawConifer()
    case .palm: figure.drawPalm()
    case .flower: figure.drawFlower()
    case .bouquet: figure.drawBouquet()
    case .house: figure.drawHouse()
    case .castle: figure.drawCastle()
    case .car: figure.drawCar()
    case .boat: figure.drawBoat()
    case .rocket: figure.drawRocket(standing: placement.standsOnGround)
    case .bottle: figure.drawBottle()
    case .cup: figure.drawCup()
    case .fruit: figure.drawFruit()
    case .robot: figure.drawRobot()
    case .lighthouse: figure.drawLighthouse()
    case .fish: figure.drawFish()
    case .balloon: figure.drawBalloon()
    case .lamp: figure.drawLamp()
    case .vase: figure.drawVase()
    case .cactus: figure.drawCactus()
    case .camel: figure.drawCamel()
    case .elephant: figure.drawElephant()
    case .rabbit: figure.drawRabbit()
    case .butterfly: figure.drawButterfly()
    case .toyBalloon: figure.drawToyBalloon()
    case .snowman: figure.drawSnowman()
    case .mushroom: figure.drawMushroom()
    case .bicycle: figure.drawBicycle()
    case .train: figure.drawTrain()
    case .windmill: figure.drawWindmill()
    case .bridge: figure.drawBridge()
    case .waterfall: figure.drawWaterfall()
    case .sofa: figure.drawSofa()
    case .armchair: figure.drawArmchair()
    case .table: figure.drawTable()
    case .bench: figure.drawBench()
    case .bed: figure.drawBed()
    case .rock: figure.drawRock()
    case .branch: figure.drawBranch()
    case .whale: figure.drawWhale()
    case .dolphin: figure.drawDolphin()
    case .shark: figure.drawShark()
    case .turtle: figure.drawTurtle()
    case .jellyfish: figure.drawJellyfish()
    case .candle: figure.drawCandle()
    case .dragon: figure.drawDragon()
    case .pizza: figure.drawPizza()
    case .cake: figure.drawCake()
    case .mountain: break
    }
    return figure
  }
}
