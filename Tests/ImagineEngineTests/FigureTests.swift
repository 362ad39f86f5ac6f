import Testing

@testable import ImagineEngine

@Suite struct FigureTests {
  private func figure(
    _ kind: SubjectKind, _ pose: Pose? = nil, _ features: Set<Feature> = [],
    colours: [Colour] = []
  ) -> Figure {
    kind.figure(
      Scene.Placement(
        kind: kind, foot: Point(0, 0), height: 1, colours: colours, material: nil, facing: 1,
        distance: 0, standsOnGround: true, features: features, pose: pose, seed: 7), time: 0)
  }

  /// The silhouette of a figure, on a square of 2.8 heights.
  private func silhouette(_ figure: Figure) -> [Bool] {
    let size = 112
    var coverage = Coverage(columns: 0..<size, rows: 0..<size)
    for part in figure.parts where part.base == nil && part.isOutlined {
      for contour in part.contours {
        coverage.add(Shape.aligned(contour.map { ($0 + Point(1.4, 1.8)) * 40 }))
      }
    }
    var mask = [Bool](repeating: false, count: size * size)
    coverage.forEachRow { row, span, line in
      for column in span { mask[row * size + column] = line[column] > 0.5 }
    }
    return mask
  }

  /// The overlap of two silhouettes, as a fraction of their union.
  private func likeness(_ first: Figure, _ second: Figure) -> Float {
    let pairs = zip(silhouette(first), silhouette(second))
    let shared = pairs.count { $0 && $1 }
    return Float(shared) / Float(max(pairs.count { $0 || $1 }, 1))
  }

  @Test(
    "a pose changes an animal's outline",
    arguments: [
      SubjectKind.cat, .dog, .fox, .wolf, .tiger, .leopard, .lion, .bear, .horse, .cow, .deer,
      .zebra,
    ])
  func poses(_ kind: SubjectKind) {
    let poses: [Pose] = [.standing, .running, .leaping, .lying]
    for (index, pose) in poses.enumerated() {
      for other in poses[(index + 1)...] {
        #expect(likeness(figure(kind, pose), figure(kind, other)) < 0.85, "\(pose), \(other)")
      }
    }
    #expect(likeness(figure(kind, .lying), figure(kind, .sleeping)) < 0.95)
  }

  @Test(
    "animals of one family differ in more than their colours",
    arguments: [
      (SubjectKind.tiger, SubjectKind.cat), (.fox, .dog), (.cow, .horse), (.fox, .wolf),
      (.deer, .horse), (.leopard, .tiger), (.lion, .tiger),
    ])
  func shapes(_ first: SubjectKind, _ second: SubjectKind) {
    #expect(likeness(figure(first, .standing), figure(second, .standing)) < 0.85)
  }

  @Test("an animal has its usual pose when the prompt names none: a horse stands, a cat sits")
  func usualPoses() {
    #expect(likeness(figure(.horse), figure(.horse, .standing)) == 1)
    #expect(likeness(figure(.cat), figure(.cat, .sitting)) == 1)
    #expect(likeness(figure(.cat), figure(.cat, .standing)) < 0.85)
  }

  @Test("a bouquet and a vase hold a dozen blooms and more")
  func bouquet() {
    let blue = NamedColour.blue.colour
    for (kind, colours) in [
      (SubjectKind.bouquet, [blue]), (.vase, [NamedColour.white.colour, blue]),
    ] {
      // The three petals of a tulip and the line down its middle have its colour.
      let petals = figure(kind, nil, [.tulips], colours: colours).parts.count {
        $0.surface.colour.z > $0.surface.colour.x * 4 && $0.surface.colour.z > 0.1
      }
      #expect(petals >= 12 * 4)
    }
  }

  @Test("a rider is lower than a standing person, with the feet below the saddle")
  func rider() {
    let rider = Bounds(figure(.person, .riding, [.man]).parts.flatMap(\.contours))
    #expect((rider?.high.y ?? 0) > 0.2)
    #expect((rider?.low.y ?? 0) > -0.75)
  }

  @Test("a marking ends where its form ends")
  func markings() {
    var form = Coverage(columns: 0..<20, rows: 0..<20)
    form.add(Shape.box(Point(5, 5), Point(15, 15)))
    var mark = Coverage(columns: 0..<20, rows: 0..<20)
    mark.add(Shape.box(Point(0, 8), Point(20, 12)))
    var covered = 0
    mark.forEachRow(within: form) { row, span, line in
      #expect((8..<12).contains(row))
      for column in span where line[column] > 0 {
        #expect((5..<15).contains(column))
        covered += 1
      }
    }
    #expect(covered == 40)
  }
}
