/// Makes a scene of a parsed prompt: fills in what the prompt leaves open, and places the subjects.
struct Composer {
  private let parsed: ParsedPrompt
  /// Width divided by height of the image.
  private let aspect: Float
  private let stream: RandomStream

  /// The scene of a prompt; the seed decides what the prompt leaves open.
  ///
  /// `usualPlace` is the setting when the prompt names none; nil derives one from the other words.
  static func scene(
    of prompt: String, aspect: Float, seed: Int64, usualPlace: Place? = nil
  ) -> Scene {
    var parsed = PromptParser.parse(prompt)
    parsed.place = parsed.place ?? usualPlace
    parsed.applySceneRules()
    let stream = RandomStream(
      RandomStream.mix(parsed.fingerprint ^ RandomStream.mix(UInt64(bitPattern: seed))))
    return Composer(parsed: parsed, aspect: aspect, stream: stream).compose()
  }

  private func compose() -> Scene {
    var chance = stream.split("composition")
    let place = parsed.place ?? usualPlace(&chance)
    let time = self.time(in: place, &chance)
    let weather = self.weather(in: place, &chance)
    let horizon = self.horizon(of: place, &chance)
    var sun = sunPosition(time, horizon: horizon, &chance)
    if place == .studio {
      // A studio is lit from beside the camera.
      let towards = SIMD3<Float>(sun.direction.x > 0 ? 0.52 : -0.52, 0.5, -0.69)
      sun.direction = towards / (towards * towards).sum().squareRoot()
    }
    var scene = Scene(
      place: place, time: time, weather: weather, season: season(in: place),
      palette: palette(time, weather, in: place), sun: sun.position, sunDirection: sun.direction,
      horizon: horizon, cloudCover: cloudCover(weather, &chance),
      hazeDensity: hazeDensity(weather), features: features(in: place), lights: parsed.lights,
      moods: parsed.moods, placeColours: parsed.placeColours.map(\.colour),
      materials: parsed.materials, glow: glow(&chance), subjects: [], stream: stream)
    scene.subjects = SubjectLayout(parsed: parsed, aspect: aspect, stream: stream).subjects(
      of: scene)
    return scene
  }

  /// The setting for a prompt that names no place.
  private func usualPlace(_ chance: inout RandomStream) -> Place {
    let open: Place = parsed.season == .winter ? .snow : .meadow
    if let subject = parsed.mentions.first?.subject {
      if let place = usualPlace(of: subject) { return place }
      // "A dog in a boat" is set where boats are.
      let others = parsed.mentions.dropFirst().map(\.subject)
      return others.lazy.compactMap { $0.defaultPlace }.first ?? open
    }
    if parsed.features.contains(.aurora) || parsed.features.contains(.stars) { return .nightSky }
    if parsed.features.contains(.waves) { return .sea }
    if parsed.season == .winter { return open }
    return chance.pick([.skyline, .forest, .mountains, .sea, .lake, .desert, .meadow, .nightSky])
  }

  private func usualPlace(of subject: SubjectKind) -> Place? {
    // A car in front of a house is set in the country.
    let hasScenery = parsed.mentions.contains { $0.subject.isScenery }
    if subject == .car, hasScenery { return .meadow }
    if let own = subject.defaultPlace { return own }
    switch subject {
    case .cat:
      // A moon or rain sets the image outdoors.
      let isOutside =
        parsed.weather != nil || parsed.season != nil
        || !parsed.features.isDisjoint(with: [.moon, .stars, .rainbow, .petals])
      return parsed.mentions.count > 1 || isOutside ? nil : .interior
    case .person, .robot: return parsed.cameras.isEmpty ? nil : .studio
    case .train, .dragon: return .mountains
    case .bridge: return .lake
    case .waterfall, .mushroom: return .forest
    case .snowman: return .snow
    case .house: return parsed.season == .winter ? .snow : .meadow
    case .bicycle: return parsed.mentions.count > 1 ? nil : .street
    default: return nil
    }
  }

  private func time(in place: Place, _ chance: inout RandomStream) -> TimeOfDay {
    if let time = parsed.time { return time }
    if place == .space || place == .nightSky { return .night }
    if parsed.lights.contains(.golden) { return .dusk }
    if parsed.lights.contains(.neon), place == .skyline || place == .street { return .night }
    if parsed.lights.contains(.moon) || parsed.moods.contains(.eerie) { return .night }
    return chance.chance(0.2) ? .dawn : .day
  }

  private func weather(in place: Place, _ chance: inout RandomStream) -> Weather {
    if place == .underwater { return .clear }
    if let weather = parsed.weather { return weather }
    if parsed.moods.contains(.eerie) { return .fog }
    if parsed.moods.contains(.dramatic) || parsed.moods.contains(.epic) { return .cloudy }
    return chance.chance(0.5) ? .clear : .cloudy
  }

  private func season(in place: Place) -> Season {
    parsed.season ?? (place == .snow ? .winter : .summer)
  }

  private func horizon(of place: Place, _ chance: inout RandomStream) -> Float {
    var horizon: Float
    switch place {
    case .skyline: horizon = chance.within(0.70...0.76)
    case .street: horizon = chance.within(0.52...0.58)
    case .forest: horizon = chance.within(0.56...0.62)
    case .mountains: horizon = chance.within(0.56...0.62)
    case .sea: horizon = chance.within(0.46...0.54)
    case .coast: horizon = chance.within(0.42...0.48)
    case .lake: horizon = chance.within(0.48...0.54)
    case .desert: horizon = chance.within(0.50...0.58)
    case .meadow: horizon = chance.within(0.52...0.60)
    case .snow: horizon = chance.within(0.54...0.62)
    case .nightSky: horizon = chance.within(0.80...0.86)
    case .space: horizon = 1.4
    case .underwater: horizon = chance.within(0.70...0.76)
    case .interior: horizon = chance.within(0.46...0.52)
    case .studio: horizon = chance.within(0.60...0.66)
    }
    if place != .space, place != .studio, place != .interior, place != .underwater {
      if parsed.cameras.contains(.low) { horizon += 0.12 }
      if parsed.cameras.contains(.high) { horizon -= 0.16 }
    }
    return horizon
  }

  private func sunPosition(
    _ time: TimeOfDay, horizon: Float, _ chance: inout RandomStream
  ) -> (position: Point, direction: SIMD3<Float>) {
    let side: Float = chance.chance(0.5) ? 1 : -1
    let x = side * chance.within(0.12...0.36) * aspect
    var direction: SIMD3<Float>
    var position: Point
    switch time {
    case .day:
      position = Point(x, horizon * chance.within(0.16...0.32))
      direction = SIMD3(side * 0.66, 0.66, -0.28)
    case .dawn, .dusk:
      position = Point(x * 0.8, horizon - chance.within(0.035...0.11))
      direction = SIMD3(side * 0.78, 0.36, 0.3)
    case .night:
      position = Point(x, horizon * chance.within(0.2...0.34))
      direction = SIMD3(side * 0.6, 0.66, -0.1)
    }
    if parsed.lights.contains(.backlit) {
      position.x *= 0.25
      direction = SIMD3(side * 0.35, 0.4, 0.8)
    }
    let length = (direction * direction).sum().squareRoot()
    return (position, direction / length)
  }

  private func palette(_ time: TimeOfDay, _ weather: Weather, in place: Place) -> Palette {
    var palette = Palette(time)
    if place == .studio { palette.light(sun: 1.12, ambient: 1.25) }
    if place == .underwater { palette.sink(looking: parsed.placeColours.first?.colour) }
    switch weather {
    case .clear, .cloudy, .wind: break
    case .overcast: palette.cover(0.75, darkness: 0.15)
    case .fog: palette.cover(0.55, darkness: 0)
    case .rain: palette.cover(0.72, darkness: 0.5)
    case .storm: palette.cover(0.8, darkness: 0.55)
    case .snow: palette.cover(0.6, darkness: 0.05)
    }
    // Unknown words move the colours a little, so that prompts differ.
    let hue = Float(parsed.fingerprint & 0xFFFF) / 65536
    palette.tint(
      Colour(
        0.5 + 0.5 * Elementary.cos(hue * 6.2832), 0.5 + 0.5 * Elementary.cos(hue * 6.2832 - 2.094),
        0.5 + 0.5 * Elementary.cos(hue * 6.2832 + 2.094), 1), 0.045)
    for paint in parsed.looseColours.prefix(3) { palette.tint(paint.colour, 0.3) }
    if parsed.moods.contains(.bright) { palette.light(sun: 1.12, ambient: 1.08) }
    if parsed.lights.contains(.hard) { palette.light(sun: 1.3, ambient: 0.75) }
    if parsed.lights.contains(.soft) { palette.light(sun: 0.8, ambient: 1.12) }
    if parsed.moods.contains(.cosy) { palette.tint(Colour(0xFF_B8_70), 0.16) }
    if parsed.lights.contains(.candle) {
      palette.cover(0.25, darkness: 0.45)
      palette.tint(Colour(0xFF_A0_48), 0.4)
    }
    if parsed.moods.contains(.dreamy) { palette.tint(Colour(0xC8_90_E0), 0.22) }
    if parsed.moods.contains(.eerie) { palette.tint(Colour(0x6C_98_80), 0.3) }
    if parsed.lights.contains(.golden) { palette.tint(Colour(0xFF_B0_50), 0.25) }
    if parsed.moods.contains(.dark) { palette.cover(0.3, darkness: 0.45) }
    return palette
  }

  private func cloudCover(_ weather: Weather, _ chance: inout RandomStream) -> Float {
    switch weather {
    case .clear, .wind: parsed.moods.contains(.calm) ? 0.12 : chance.within(0.16...0.34)
    case .cloudy: chance.within(0.46...0.6)
    case .overcast, .rain: 0.86
    case .storm: 0.8
    case .fog: 0.4
    case .snow: 0.72
    }
  }

  private func hazeDensity(_ weather: Weather) -> Float {
    switch weather {
    case .fog: 1
    case .rain: 0.34
    case .snow: 0.5
    case .storm, .overcast: 0.42
    default: parsed.features.contains(.mist) ? 0.9 : 0.24
    }
  }

  private func features(in place: Place) -> Set<Feature> {
    var features = parsed.features
    if parsed.time == .night, parsed.weather == nil { features.insert(.stars) }
    if place == .nightSky || place == .space { features.insert(.stars) }
    return features
  }

  /// The colour of lights and signs.
  private func glow(_ chance: inout RandomStream) -> Colour {
    if parsed.lights.contains(.neon) {
      if let named = parsed.looseColours.first { return named.colour.saturated(1.5) }
      return chance.pick([
        Colour(0xFF_30_B0), Colour(0x30_E0_FF), Colour(0xA0_50_FF), Colour(0x30_FF_C0),
      ])
    }
    return Colour(0xFF_C4_70)
  }
}
