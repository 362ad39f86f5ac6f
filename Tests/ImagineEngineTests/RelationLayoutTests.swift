import Testing

@testable import ImagineEngine

@Suite struct RelationLayoutTests {
  private func placements(_ prompt: String, seed: Int64 = 7) -> [Scene.Placement] {
    Composer.scene(of: prompt, aspect: 1, seed: seed).subjects
  }

  @Test(
    "a rider sits within its support's width, between its top and its foot, and in front of it",
    arguments: [
      ("a cat on a sofa", SubjectKind.cat, SubjectKind.sofa), ("a dog on a bench", .dog, .bench),
      ("a cat on a table in a kitchen", .cat, .table), ("a woman on a rock", .person, .rock),
      ("a cat sleeping on a roof", .cat, .house), ("a man riding a horse", .person, .horse),
      ("two cats on a bed", .cat, .bed), ("a king on a throne", .person, .armchair),
    ])
  func on(_ prompt: String, _ rider: SubjectKind, _ support: SubjectKind) throws {
    let subjects = placements(prompt)
    let below = try #require(subjects.first { $0.kind == support })
    let riders = subjects.filter { $0.kind == rider }
    #expect(!riders.isEmpty)
    for above in riders {
      #expect(above.foot.y < below.foot.y)
      #expect(above.foot.y >= below.foot.y - below.height * 1.05)
      #expect(abs(above.foot.x - below.foot.x) <= below.height * support.usualWidth * 0.5)
      #expect(above.distance < below.distance)
      #expect(!above.standsOnGround)
    }
  }

  @Test("subjects joined by 'and' share their seat")
  func joined() throws {
    let subjects = placements("a black dog and a white cat on a sofa")
    let sofa = try #require(subjects.first { $0.kind == .sofa })
    let dog = try #require(subjects.first { $0.kind == .dog })
    let cat = try #require(subjects.first { $0.kind == .cat })
    #expect(dog.foot.y == cat.foot.y && dog.foot.y < sofa.foot.y)
    #expect(abs(dog.foot.x - cat.foot.x) > 0.1)
  }

  @Test("a passenger is behind the boat's side, and the boat is on water")
  func within() throws {
    let scene = Composer.scene(of: "a dog in a boat", aspect: 1, seed: 7)
    #expect(scene.place.isWater)
    let dog = try #require(scene.subjects.first { $0.kind == .dog })
    let boat = try #require(scene.subjects.first { $0.kind == .boat })
    #expect(dog.distance > boat.distance)
    #expect(abs(dog.foot.x - boat.foot.x) < boat.height)
  }

  @Test("a subject in front of another is nearer than it")
  func before() throws {
    let subjects = placements("a knight in front of a castle")
    let knight = try #require(subjects.first { $0.kind == .person })
    let castle = try #require(subjects.first { $0.kind == .castle })
    #expect(knight.distance < castle.distance)
    #expect(knight.height < castle.height * 1.4)
  }

  @Test("subjects that stand together keep their relative sizes")
  func sizes() throws {
    let subjects = placements("a man and a cat and a horse")
    func height(_ kind: SubjectKind) throws -> Float {
      try #require(subjects.first { $0.kind == kind }).height
    }
    #expect(try height(.cat) < height(.person))
    #expect(try height(.person) < height(.horse))
  }

  @Test("a number in the prompt gives that many subjects", arguments: 1...7)
  func counts(_ count: Int) {
    let words = ["one", "two", "three", "four", "five", "six", "seven"]
    #expect(placements("\(words[count - 1]) cats").count == min(count, 7))
  }

  @Test(
    "a person on a mount sits astride and looks where the animal looks",
    arguments: [
      "a knight riding a horse", "a girl riding a pony", "a woman on horseback", "a jockey",
      "a boy riding an elephant",
    ])
  func riders(_ prompt: String) throws {
    for seed in 1...4 as ClosedRange<Int64> {
      let subjects = placements(prompt, seed: seed)
      let rider = try #require(subjects.first { $0.kind == .person })
      let mount = try #require(subjects.first { $0.kind.isMount })
      #expect(rider.pose == .riding)
      #expect(rider.facing == mount.facing)
    }
  }
}
