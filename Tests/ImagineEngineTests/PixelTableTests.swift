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
      digest: "e76ab6a875e97f8b149ee3d11e110bba9763d2efdd51bcf7f4a1dce02ff0a99a"),
    Entry(
      prompt: "a city skyline at night", style: .fluxDev, seed: 2,
      digest: "6776c0413a27b42f1508aac9efe2aeb02d0dcd37fb079463c1eefe6e4fb991ef"),
    Entry(
      prompt: "a street in the rain", style: .fluxDevFast, seed: 3,
      digest: "c426ca9bdde5d723c6d36534f7359205bf77ac4e3481765746dde8151e145fbd"),
    Entry(
      prompt: "a forest in autumn", style: .fluxSchnell, seed: 4,
      digest: "32dc6ca94d8e399e06a1e21ce190fb9614ef8c378c4a04c43f50ff56cf55d9ca"),
    Entry(
      prompt: "mountains at dawn", style: .imagineTurbo, seed: 5,
      digest: "94141a89ef21330f9df66dc9ee68795aecfe953fe45c77d2583f8f0f72830ea1"),
    Entry(
      prompt: "the sea in a storm", style: .realistic, seed: 6,
      digest: "5a8290c3a1d5d2c511013b83756f89179d3e39036e38a8db57eb0678be32c3b4"),
    Entry(
      prompt: "a beach with palms", style: .sdxl, seed: 7,
      digest: "db52e0b458d0f0e09ce294564c2238129c449304307bb3409f6e3d562bcff488"),
    Entry(
      prompt: "a desert at sunset", style: .anime, seed: 8,
      digest: "bb51a89bf1a9a5134f4de96bff0b4a9f74c27e738a89107b20727d2d933f7961"),
    Entry(
      prompt: "a cat in a meadow", style: .fluxDev, seed: 9,
      digest: "2184a662a7f3f06ebc35dee97089414d603cd6b6642c42659d2b9ed9f853c0b8"),
    Entry(
      prompt: "a snowfield with firs", style: .fluxDevFast, seed: 10,
      digest: "bdd90a012bbd7f3391cd3e93c69fdc8a83db883069bfe68150275d672cc35a51"),
    Entry(
      prompt: "the milky way over hills", style: .fluxSchnell, seed: 11,
      digest: "e5c45568350262e9a7e1dea13f2cdefa9eb04dc40f7e5c84eb5500bc00584343"),
    Entry(
      prompt: "a galaxy with a ringed planet", style: .imagineTurbo, seed: 12,
      digest: "d21021fd288613d32b63901363443546ea2a834e4d358f0627f8b9f23efaf3f1"),
    Entry(
      prompt: "a cosy living room", style: .realistic, seed: 13,
      digest: "719c441d57a103b5f85c70ee223689fe563bfc1de60b1dcb80e95c196c85b371"),
    Entry(
      prompt: "a bottle on a marble table", style: .sdxl, seed: 14,
      digest: "a1918f5a78d0fda055a80b49063b98b59f03de549822d968ad58d47bd22dfbb9"),
    Entry(
      prompt: "portrait of an astronaut", style: .anime, seed: 15,
      digest: "39ee01609ac7565782cc3e5f5781df94f1b0abb9a9dfbc9cb7a5aebf9d372734"),
    Entry(
      prompt: "a castle by a river, two birds", style: .anime, seed: 42,
      digest: "739ea15695688f1654a4b52c7b3374bf6ffe34aabfb3412ec263a7f49a112801"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDev, seed: 42,
      digest: "6717eace19faa0ae6d506b2d988953cab4a5d4e1e350a5f3f0e1cb84d40bcca1"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDevFast, seed: 42,
      digest: "dd8323df36ae2e4d913de433ed20be1ab5aac766e26668379a5f1817ef046fcd"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxSchnell, seed: 42,
      digest: "60effe5c9e5dc385b077a8791bd715441a95fadb8d32d03c606b750cdd3b31c3"),
    Entry(
      prompt: "a castle by a river, two birds", style: .imagineTurbo, seed: 42,
      digest: "2a03fc1556e3e9ce7a7cc77059f9174034f6ac3784d38b50213bd896daad7301"),
    Entry(
      prompt: "a castle by a river, two birds", style: .realistic, seed: 42,
      digest: "fb9a94e32158370e4b0160a86844d8665fb7bb8bf684faf66df8a2f859fb9899"),
    Entry(
      prompt: "a castle by a river, two birds", style: .sdxl, seed: 42,
      digest: "f205a8f6ce86ea1c51564d5bc66dded9ef8b653aea6b010916381df20a7166b2"),
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
