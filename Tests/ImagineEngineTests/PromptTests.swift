import Testing

@testable import ImagineEngine

@Suite struct PromptTests {
  @Test("the lexicon knows at least 150 words")
  func lexiconSize() {
    #expect(Lexicon.count >= 150)
  }

  @Test("colours belong to the noun that follows them")
  func colours() {
    let reading = PromptReader.read("a red boat on a blue lake")
    #expect(reading.place == .lake)
    #expect(reading.placeColours == [.blue])
    #expect(reading.mentions.map(\.subject) == [.boat])
    #expect(reading.mentions.first?.colours == [.red])
  }

  @Test("what follows 'without' is not in the picture")
  func negation() {
    let reading = PromptReader.read("a street without people, a dog")
    #expect(reading.mentions.map(\.subject) == [.dog])
    #expect(reading.absent == [.person])
  }

  @Test("plurals, numbers and endings are understood")
  func endings() {
    #expect(PromptReader.read("two cats").mentions.first?.count == 2)
    #expect((PromptReader.read("boats").mentions.first?.count ?? 0) > 1)
    #expect(PromptReader.read("a stormy sea").weather == .storm)
    #expect(PromptReader.read("cities").place == .skyline)
  }

  @Test("words that are plural without an ending count as several, unless a number says how many")
  func irregularPlurals() {
    #expect((PromptReader.read("people in a park").mentions.first?.count ?? 0) > 1)
    #expect(PromptReader.read("two men").mentions.first?.count == 2)
    #expect(PromptReader.read("a couple").mentions.first?.count == 2)
  }

  @Test("a sea with a beach is seen from the beach, and waves are heard as such")
  func beach() {
    let reading = PromptReader.read("waves rolling onto a beach")
    #expect(reading.place == .coast)
    #expect(reading.features.contains(.waves))
  }

  @Test("what is under the sea is under water")
  func underwater() {
    #expect(PromptReader.read("a castle under the sea").place == .underwater)
    #expect(PromptReader.read("a coral reef").place == .underwater)
    #expect(PromptReader.read("a boat on the sea").place == .sea)
  }

  @Test("what swims is under water unless it leaps or is not alone")
  func swimmers() {
    func settled(_ prompt: String) -> Reading {
      var reading = PromptReader.read(prompt)
      reading.settle()
      return reading
    }
    #expect(settled("a fish").place == .underwater)
    #expect(settled("a whale in the ocean").place == .underwater)
    #expect(settled("a fish leaping out of the sea").place == .sea)
    #expect(settled("a whale beside a ship at sea").place == .sea)
    #expect(settled("a fish in a lake").features.contains(.leap))
  }

  @Test("a table is the stage of a still life, and furniture of a room for what is larger")
  func tables() {
    func settled(_ prompt: String) -> Reading {
      var reading = PromptReader.read(prompt)
      reading.settle()
      return reading
    }
    let stillLife = settled("a cup on a marble table")
    #expect(stillLife.place == .studio)
    #expect(stillLife.materials == [.marble])
    #expect(stillLife.mentions.map(\.subject) == [.cup])
    let room = settled("a cat on a wooden table")
    #expect(room.place == .interior)
    #expect(room.mentions.map(\.subject) == [.cat, .table])
  }

  @Test("flowers belong to their vase, and a balloon in a hand is a toy")
  func belongings() {
    var vase = PromptReader.read("a white vase with red flowers")
    vase.settle()
    #expect(vase.mentions.map(\.subject) == [.vase])
    #expect(vase.mentions.first?.blooms == [.red])
    var child = PromptReader.read("a child with a red balloon")
    child.settle()
    #expect(child.mentions.map(\.subject) == [.person, .toyBalloon])
    #expect(PromptReader.read("a hot air balloon").mentions.map(\.subject) == [.balloon])
  }

  @Test("people who are joined by 'and' are as many as are named")
  func joined() {
    #expect(PromptReader.read("a man and a woman").mentions.map(\.count) == [2])
    #expect(PromptReader.read("a queen and two knights").mentions.map(\.count) == [3])
    #expect(PromptReader.read("a beach without cats and dogs").mentions.isEmpty)
  }

  @Test("who is by the sea stands on its beach")
  func shore() {
    var woman = PromptReader.read("a woman by the sea")
    woman.settle()
    #expect(woman.place == .coast)
    var ship = PromptReader.read("a pirate ship at sea")
    ship.settle()
    #expect(ship.place == .sea)
    #expect(ship.mentions.map(\.subject) == [.boat])
  }

  @Test("an animal on a beach has the sand before it")
  func beastsOnABeach() {
    var dog = PromptReader.read("a dog running on a beach")
    dog.settle()
    #expect(dog.place == .coast && dog.features.contains(.waves))
  }

  @Test("a coloured suit or dress is worn by who was named before it")
  func clothes() {
    let reading = PromptReader.read("a man in a blue suit and a red car")
    #expect(reading.features.contains(.suit))
    #expect(reading.mentions.first { $0.subject == .person }?.colours == [.blue])
    #expect(reading.mentions.first { $0.subject == .car }?.colours == [.red])
  }

  @Test("phrases of two words mean one thing")
  func phrases() {
    let reading = PromptReader.read("the milky way above a desert")
    #expect(reading.place == .nightSky)
    #expect(PromptReader.read("golden hour in the mountains").time == .dusk)
  }

  @Test("the time, the weather, the mood and the camera are heard wherever they stand")
  func qualities() {
    let reading = PromptReader.read("close-up of a calm harbour at dusk, foggy, neon")
    #expect(reading.time == .dusk)
    #expect(reading.weather == .fog)
    #expect(reading.moods.contains(.calm))
    #expect(reading.cameras.contains(.close))
    #expect(reading.lights.contains(.neon))
  }

  @Test("a material belongs to the subject it stands before")
  func materials() {
    let reading = PromptReader.read("a golden robot beside a wooden house")
    #expect(reading.mentions.first { $0.subject == .robot }?.colours == [.gold])
    // Golden things make no golden hour.
    #expect(reading.lights.isEmpty && reading.time == nil)
    #expect(PromptReader.read("a robot in golden light").lights == [.golden])
    #expect(reading.mentions.first { $0.subject == .house }?.material == .wood)
  }

  @Test(
    "a pose is that of who it is said of, before or after the noun",
    arguments: [
      ("a sleeping cat on a sofa", [Pose.sleeping, nil]),
      ("a cat curled up on a sofa", [.sleeping, nil]),
      ("a dog running on a beach", [.running]),
      ("a tiger lying in the grass", [.lying]),
      ("a galloping horse", [.running]),
      ("a horse that jumps over a bench", [.leaping, nil]),
      ("a sitting fox and a running dog", [.sitting, .running]),
      ("cows grazing on a meadow", [.grazing]),
      ("a man sits beside a dog", [.sitting, nil]),
      ("a cat", [nil]),
    ])
  func poses(_ prompt: String, _ poses: [Pose?]) {
    #expect(PromptReader.read(prompt).mentions.map(\.pose) == poses)
  }

  @Test("a bouquet takes the flowers that it is of, and stands in the vase that it is in")
  func bouquets() {
    func settled(_ prompt: String) -> Reading {
      var reading = PromptReader.read(prompt)
      reading.settle()
      return reading
    }
    let white = settled("a bouquet of white roses")
    #expect(white.mentions.map(\.subject) == [.bouquet])
    #expect(white.mentions.first?.colours == [.white])
    let tulips = settled("a bouquet of red and yellow tulips in a blue vase")
    #expect(tulips.mentions.map(\.subject) == [.vase])
    #expect(tulips.mentions.first?.blooms == [.red, .yellow])
    #expect(settled("a bouquet of wildflowers").place == nil)
  }
}
