import Testing

@testable import ImagineEngine

@Suite struct PromptTests {
  @Test("the lexicon knows at least 150 words")
  func lexiconSize() {
    #expect(Lexicon.count >= 150)
  }

  @Test("colours belong to the noun that follows them")
  func colours() {
    let parsed = PromptParser.parse("a red boat on a blue lake")
    #expect(parsed.place == .lake)
    #expect(parsed.placeColours == [.blue])
    #expect(parsed.mentions.map(\.subject) == [.boat])
    #expect(parsed.mentions.first?.colours == [.red])
  }

  @Test("subjects after 'without' are not in the image")
  func negation() {
    let parsed = PromptParser.parse("a street without people, a dog")
    #expect(parsed.mentions.map(\.subject) == [.dog])
    #expect(parsed.absent == [.person])
  }

  @Test("plurals, numbers and endings are understood")
  func endings() {
    #expect(PromptParser.parse("two cats").mentions.first?.count == 2)
    #expect((PromptParser.parse("boats").mentions.first?.count ?? 0) > 1)
    #expect(PromptParser.parse("a stormy sea").weather == .storm)
    #expect(PromptParser.parse("cities").place == .skyline)
  }

  @Test(
    "words that are plural without an ending count as several, unless the prompt gives a number")
  func irregularPlurals() {
    #expect((PromptParser.parse("people in a park").mentions.first?.count ?? 0) > 1)
    #expect(PromptParser.parse("two men").mentions.first?.count == 2)
    #expect(PromptParser.parse("a couple").mentions.first?.count == 2)
  }

  @Test("a sea with a beach is seen from the beach, and waves are recognised")
  func beach() {
    let parsed = PromptParser.parse("waves rolling onto a beach")
    #expect(parsed.place == .coast)
    #expect(parsed.features.contains(.waves))
  }

  @Test("a subject under the sea is under water")
  func underwater() {
    #expect(PromptParser.parse("a castle under the sea").place == .underwater)
    #expect(PromptParser.parse("a coral reef").place == .underwater)
    #expect(PromptParser.parse("a boat on the sea").place == .sea)
  }

  @Test("a water animal is under water unless it leaps or is not alone")
  func swimmers() {
    func settled(_ prompt: String) -> ParsedPrompt {
      var parsed = PromptParser.parse(prompt)
      parsed.applySceneRules()
      return parsed
    }
    #expect(settled("a fish").place == .underwater)
    #expect(settled("a whale in the ocean").place == .underwater)
    #expect(settled("a fish leaping out of the sea").place == .sea)
    #expect(settled("a whale beside a ship at sea").place == .sea)
    #expect(settled("a fish in a lake").features.contains(.leap))
  }

  @Test("a table is the ground of a still life, and a room's furniture for larger subjects")
  func tables() {
    func settled(_ prompt: String) -> ParsedPrompt {
      var parsed = PromptParser.parse(prompt)
      parsed.applySceneRules()
      return parsed
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
    var vase = PromptParser.parse("a white vase with red flowers")
    vase.applySceneRules()
    #expect(vase.mentions.map(\.subject) == [.vase])
    #expect(vase.mentions.first?.blooms == [.red])
    var child = PromptParser.parse("a child with a red balloon")
    child.applySceneRules()
    #expect(child.mentions.map(\.subject) == [.person, .toyBalloon])
    #expect(PromptParser.parse("a hot air balloon").mentions.map(\.subject) == [.balloon])
  }

  @Test("people joined by 'and' are counted together")
  func joined() {
    #expect(PromptParser.parse("a man and a woman").mentions.map(\.count) == [2])
    #expect(PromptParser.parse("a queen and two knights").mentions.map(\.count) == [3])
    #expect(PromptParser.parse("a beach without cats and dogs").mentions.isEmpty)
  }

  @Test("a person by the sea stands on its beach")
  func shore() {
    var woman = PromptParser.parse("a woman by the sea")
    woman.applySceneRules()
    #expect(woman.place == .coast)
    var ship = PromptParser.parse("a pirate ship at sea")
    ship.applySceneRules()
    #expect(ship.place == .sea)
    #expect(ship.mentions.map(\.subject) == [.boat])
  }

  @Test("an animal on a beach stands on the sand in front")
  func beastsOnABeach() {
    var dog = PromptParser.parse("a dog running on a beach")
    dog.applySceneRules()
    #expect(dog.place == .coast && dog.features.contains(.waves))
  }

  @Test("a coloured suit or dress belongs to the person named before it")
  func clothes() {
    let parsed = PromptParser.parse("a man in a blue suit and a red car")
    #expect(parsed.features.contains(.suit))
    #expect(parsed.mentions.first { $0.subject == .person }?.colours == [.blue])
    #expect(parsed.mentions.first { $0.subject == .car }?.colours == [.red])
  }

  @Test("phrases of two words mean one thing")
  func phrases() {
    let parsed = PromptParser.parse("the milky way above a desert")
    #expect(parsed.place == .nightSky)
    #expect(PromptParser.parse("golden hour in the mountains").time == .dusk)
  }

  @Test("the time, the weather, the mood and the camera are recognised anywhere in the prompt")
  func qualities() {
    let parsed = PromptParser.parse("close-up of a calm harbour at dusk, foggy, neon")
    #expect(parsed.time == .dusk)
    #expect(parsed.weather == .fog)
    #expect(parsed.moods.contains(.calm))
    #expect(parsed.cameras.contains(.close))
    #expect(parsed.lights.contains(.neon))
  }

  @Test("a material belongs to the subject that follows it")
  func materials() {
    let parsed = PromptParser.parse("a golden robot beside a wooden house")
    #expect(parsed.mentions.first { $0.subject == .robot }?.colours == [.gold])
    // Golden things do not make a golden hour.
    #expect(parsed.lights.isEmpty && parsed.time == nil)
    #expect(PromptParser.parse("a robot in golden light").lights == [.golden])
    #expect(parsed.mentions.first { $0.subject == .house }?.material == .wood)
  }

  @Test(
    "a pose belongs to its subject, before or after the noun",
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
    #expect(PromptParser.parse(prompt).mentions.map(\.pose) == poses)
  }

  @Test("a bouquet takes the flowers named with it, and goes into its vase")
  func bouquets() {
    func settled(_ prompt: String) -> ParsedPrompt {
      var parsed = PromptParser.parse(prompt)
      parsed.applySceneRules()
      return parsed
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
