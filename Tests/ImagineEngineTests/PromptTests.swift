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
}
