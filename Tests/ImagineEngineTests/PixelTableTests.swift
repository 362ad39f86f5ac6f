import ImagineCore
import Testing

@testable import ImagineEngine

/// The painter's pixels, as SHA-256 of the raw bytes of small pictures.
///
/// A change here is a change of the engine's version: equal requests would give other pictures.
@Suite struct PixelTableTests {
  @Test("the painter's pixels are what they were", arguments: table)
  func pixels(_ entry: Entry) throws {
    let picture = try BuiltInEngine().picture(
      prompt: entry.prompt, style: entry.style, size: PixelSize(width: 96, height: 64),
      seed: entry.seed)
    #expect(picture.withPixels { SHA256.hex(of: $0) } == entry.digest, "\(entry.prompt)")
  }

  @Test("the table's digests are SHA-256")
  func standard() {
    #expect(
      SHA256.hex(of: Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  struct Entry: Sendable, CustomTestStringConvertible {
    let prompt: String
    let style: ImageStyle
    let seed: Int64
    let digest: String

    var testDescription: String { "\(style.rawValue): \(prompt)" }
  }

  static let table: [Entry] = [
    Entry(
      prompt: "a red boat on a blue lake", style: .anime, seed: 1,
      digest: "5d9eb6908237cc8ab1de6bff01b05eb9dff01a666b11229eef412e8a0dc09c87"),
    Entry(
      prompt: "a city skyline at night", style: .fluxDev, seed: 2,
      digest: "f75646ad7245ea35250910909a86308d6b0f7b24d932dda0a23658eb8617500e"),
    Entry(
      prompt: "a street in the rain", style: .fluxDevFast, seed: 3,
      digest: "1a0ca485083f3c47acdea39907bd3bdfb4e7ff514dd1c861576176c176bb9de7"),
    Entry(
      prompt: "a forest in autumn", style: .fluxSchnell, seed: 4,
      digest: "af77e11297a60f65f1b364bce209a650160838ad785d2198b2a7c6ad4a1e732d"),
    Entry(
      prompt: "mountains at dawn", style: .imagineTurbo, seed: 5,
      digest: "7bff9c9cbf5743d6fff49ed20a428ec9abc7a2182a435b348578f5d00ee74137"),
    Entry(
      prompt: "the sea in a storm", style: .realistic, seed: 6,
      digest: "8a21933ff3b42d2d70b85e9fa562c2cbc1c9659d5eaac19b0f2ca307749a6024"),
    Entry(
      prompt: "a beach with palms", style: .sdxl, seed: 7,
      digest: "74ae10ca13afa7bc4318e4e50daa1627e4f4c2301afada520eaf50790be5f7a9"),
    Entry(
      prompt: "a desert at sunset", style: .anime, seed: 8,
      digest: "dc1e27d8bfa040f7be98c011ac6d34c9e52fce159ea6a9636007d280bcef05f9"),
    Entry(
      prompt: "a cat in a meadow", style: .fluxDev, seed: 9,
      digest: "2f846b0d1a3b7d834bf93f36d98375926934540944e66ce88a5d7f2e3193b95b"),
    Entry(
      prompt: "a snowfield with firs", style: .fluxDevFast, seed: 10,
      digest: "8791a258d48c60a1551af59581f2d9411f8b293831b44c8ba19707a6da8aba4c"),
    Entry(
      prompt: "the milky way over hills", style: .fluxSchnell, seed: 11,
      digest: "cbd4e794386a4a4f6b17dabc5c37620b843901a9a25a4e83afbbfa8b006d9b81"),
    Entry(
      prompt: "a galaxy with a ringed planet", style: .imagineTurbo, seed: 12,
      digest: "d5e0f262669d32eb09fbc21b4e3c3bf97735f1acccf90243e03512b4586dcfa4"),
    Entry(
      prompt: "a cosy living room", style: .realistic, seed: 13,
      digest: "4ab9b4e110d0ed27a25d0d394872870caccb51645bf6f6f58a63d7155cabfe98"),
    Entry(
      prompt: "a bottle on a marble table", style: .sdxl, seed: 14,
      digest: "a399ec76ca5081916371a095c90431883e040770752c0de4e205e01ca6e73141"),
    Entry(
      prompt: "portrait of an astronaut", style: .anime, seed: 15,
      digest: "f45022280ee55a6702701324631a51356d240846d75c720af72a5f6a0b04b7f6"),
    Entry(
      prompt: "a castle by a river, two birds", style: .anime, seed: 42,
      digest: "1cb5b565276463dcd584747afeee4c58d343cead6cde93d8ec7e8ab276b9f9ad"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDev, seed: 42,
      digest: "c41258a40ebebc589290f9e8e0c00981dd2720f1bfab9173ae5aed7a15929cd4"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDevFast, seed: 42,
      digest: "791b4371238d7beb8a117f335568858de22c0148edff5b7a9359195c73e75511"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxSchnell, seed: 42,
      digest: "f0069281150d92b6b2fe4d5e908ac62ca45c2146bf6c6f3a3824e40fe9063171"),
    Entry(
      prompt: "a castle by a river, two birds", style: .imagineTurbo, seed: 42,
      digest: "40caaf32a3ea8ed26f38cac10641e15b24f9838908bad158f55ea8d74a24ba8d"),
    Entry(
      prompt: "a castle by a river, two birds", style: .realistic, seed: 42,
      digest: "a4fd00a11822d903ba13174369b985365e7424cb53e4912196da3a6825099f13"),
    Entry(
      prompt: "a castle by a river, two birds", style: .sdxl, seed: 42,
      digest: "1c9bd14624c67cb1ff39ee07d28763daae2e00efe08b63c8f3b471ffb670217a"),
  ]
}

/// SHA-256 (FIPS 180-4), so that the table needs no library.
enum SHA256 {
  static func hex(of bytes: some Collection<UInt8>) -> String {
    var message = Array(bytes)
    let bitCount = UInt64(message.count) * 8
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    var state: [UInt32] = fractions(of: { $0.squareRoot() }, count: 8)
    let constants = fractions(of: cubeRoot, count: 64)
    for block in stride(from: 0, to: message.count, by: 64) {
      compress(message[block..<(block + 64)], &state, constants)
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func compress(
    _ block: ArraySlice<UInt8>, _ state: inout [UInt32], _ constants: [UInt32]
  ) {
    var words = [UInt32](repeating: 0, count: 64)
    for index in 0..<64 {
      if index < 16 {
        words[index] = (0..<4).reduce(0) {
          $0 << 8 | UInt32(block[block.startIndex + index * 4 + $1])
        }
        continue
      }
      let early = words[index - 15]
      let late = words[index - 2]
      let s0 = turned(early, 7) ^ turned(early, 18) ^ (early >> 3)
      let s1 = turned(late, 17) ^ turned(late, 19) ^ (late >> 10)
      words[index] = words[index - 16] &+ s0 &+ words[index - 7] &+ s1
    }
    var v = state
    for index in 0..<64 {
      let s1 = turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let first = v[7] &+ s1 &+ choice &+ constants[index] &+ words[index]
      let s0 = turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      v = [first &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
    }
    for index in 0..<8 { state[index] = state[index] &+ v[index] }
  }

  private static func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 {
    word >> bits | word << (32 - bits)
  }

  /// The standard's constants: the first 32 bits of the fractions of roots of the primes.
  private static func fractions(of root: (Double) -> Double, count: Int) -> [UInt32] {
    var primes: [Int] = []
    var candidate = 2
    while primes.count < count {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      let value = root(Double(prime))
      return UInt32((value - Double(Int(value))) * 4_294_967_296)
    }
  }

  private static func cubeRoot(_ value: Double) -> Double {
    var guess = value / 2
    for _ in 0..<60 { guess = (2 * guess + value / (guess * guess)) / 3 }
    return guess
  }
}
