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
      digest: "b96747082d1c3cfcf2373ac782ffdd1db05a28aaa0c96a6904f6b8e16380741b"),
    Entry(
      prompt: "a city skyline at night", style: .fluxDev, seed: 2,
      digest: "f75646ad7245ea35250910909a86308d6b0f7b24d932dda0a23658eb8617500e"),
    Entry(
      prompt: "a street in the rain", style: .fluxDevFast, seed: 3,
      digest: "1a0ca485083f3c47acdea39907bd3bdfb4e7ff514dd1c861576176c176bb9de7"),
    Entry(
      prompt: "a forest in autumn", style: .fluxSchnell, seed: 4,
      digest: "314c3a21bdc26bcaa991afae40ba1816ebf468e656b6087d9fb82ddb0b406c93"),
    Entry(
      prompt: "mountains at dawn", style: .imagineTurbo, seed: 5,
      digest: "4cf748f5272e2caf403b07b1f29e75b6456971190dc8815763878b2c46a6f42e"),
    Entry(
      prompt: "the sea in a storm", style: .realistic, seed: 6,
      digest: "6f18f0fc7bf9b3230f328dcbd419d6595a11aef5aa87b161d889f009a7ff6edb"),
    Entry(
      prompt: "a beach with palms", style: .sdxl, seed: 7,
      digest: "732db486f09b748088cade19bb0bf6f66acd63c00079d51669b2a394c931c010"),
    Entry(
      prompt: "a desert at sunset", style: .anime, seed: 8,
      digest: "0082621ac45e18f509db26d950eeca7c579660b7cf5ed7b011a0b4faeff214e1"),
    Entry(
      prompt: "a cat in a meadow", style: .fluxDev, seed: 9,
      digest: "c532f1b8d85eb519a0fac1015fab2aaab3ddf363045be80d8e73dde7ff8338d8"),
    Entry(
      prompt: "a snowfield with firs", style: .fluxDevFast, seed: 10,
      digest: "09d0fd2df6d1e44ae24963e8a0bf1cb7fdb88e803485013bfe812f4cafc4ba94"),
    Entry(
      prompt: "the milky way over hills", style: .fluxSchnell, seed: 11,
      digest: "cbd4e794386a4a4f6b17dabc5c37620b843901a9a25a4e83afbbfa8b006d9b81"),
    Entry(
      prompt: "a galaxy with a ringed planet", style: .imagineTurbo, seed: 12,
      digest: "d5e0f262669d32eb09fbc21b4e3c3bf97735f1acccf90243e03512b4586dcfa4"),
    Entry(
      prompt: "a cosy living room", style: .realistic, seed: 13,
      digest: "8960fee720f46c8a1fa00e631837b8d30f24afa967cb00c4f555dfa810afe318"),
    Entry(
      prompt: "a bottle on a marble table", style: .sdxl, seed: 14,
      digest: "a1918f5a78d0fda055a80b49063b98b59f03de549822d968ad58d47bd22dfbb9"),
    Entry(
      prompt: "portrait of an astronaut", style: .anime, seed: 15,
      digest: "e5273a20a097176e9b4f32e193a86a384d1755863f2ba52f96a95244541544fe"),
    Entry(
      prompt: "a castle by a river, two birds", style: .anime, seed: 42,
      digest: "f39f29c3a61ab0cfc502f1eed8f2b05999d0b0f32465008fe18837d5ea2193fb"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDev, seed: 42,
      digest: "5b72a0a85720966e204eae6165f38b34fbe5a3ab3026c72f8b2add3064112f3b"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDevFast, seed: 42,
      digest: "fddd280951c6d7c22102cbf8896d71429ec19be7e9f90e3b41e9331e8c9ca3f9"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxSchnell, seed: 42,
      digest: "f1022022d92dc28c6b93f8896ed84bc03c00b5698c13e24e6f0bea3327ae2116"),
    Entry(
      prompt: "a castle by a river, two birds", style: .imagineTurbo, seed: 42,
      digest: "aef8a655196a40c771c5b2b5f0d479c0540a13c4bdf72b56558027ca84ca13ff"),
    Entry(
      prompt: "a castle by a river, two birds", style: .realistic, seed: 42,
      digest: "68a35e5b3773c20177cdd98616143baf41041d4fbdc6cd91ab6da0981f4bd1b7"),
    Entry(
      prompt: "a castle by a river, two birds", style: .sdxl, seed: 42,
      digest: "bfb189a9019bdcf5961f715b680c6de627ad9129d4a654579e31e0888ae01650"),
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
