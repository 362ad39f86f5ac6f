/// A stream of random numbers from a seed: SplitMix64.
///
/// Streams are split by name, so that new random choices in one part of an image leave every other
/// part unchanged.
struct RandomStream: Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  /// An independent stream for a name.
  func split(_ name: StaticString, _ index: Int = 0) -> RandomStream {
    var hash = state ^ 0x9E37_79B9_7F4A_7C15
    name.withUTF8Buffer { for byte in $0 { hash = Self.mix(hash ^ UInt64(byte)) } }
    return RandomStream(Self.mix(hash &+ UInt64(truncatingIfNeeded: index)))
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// 0 ≤ x < 1.
  mutating func unit() -> Float { Float(next() >> 40) * (1 / 16_777_216) }

  mutating func within(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  mutating func whole(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() >> 11) % (range.upperBound - range.lowerBound + 1)
  }

  mutating func chance(_ probability: Float) -> Bool { unit() < probability }

  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[whole(0...(choices.count - 1))]
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A hash of bytes that is equal in every process, unlike `Hasher`'s.
  static func hash(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
    var hash = seed ^ 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return mix(hash)
  }
}
