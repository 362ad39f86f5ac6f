import ImagineAPI
import Testing

@testable import ImagineEngine

/// The painter's pixels, as SHA-256 of the raw bytes of small images.
///
/// A change here requires a new engine version, because equal requests give other images.
@Suite struct PixelTableTests {
  @Test("the painter's pixels have not changed", arguments: table)
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
      digest: "bdc261dce5fa9dd450ff89b3fc111456b532829711fe017229f9b8141b81f6ce"),
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
      digest: "da3bc89d3cc57c643cbcd7aec387251252ceac22a49bbe9e381f4ecf3b651282"),
    Entry(
      prompt: "the sea in a storm", style: .realistic, seed: 6,
      digest: "8a21933ff3b42d2d70b85e9fa562c2cbc1c9659d5eaac19b0f2ca307749a6024"),
    Entry(
      prompt: "a beach with palms", style: .sdxl, seed: 7,
      digest: "f80df99f8d82059c7c7c46e9c55cb612df3d2bf7e02041924e8b0b16fa751066"),
    Entry(
      prompt: "a desert at sunset", style: .anime, seed: 8,
      digest: "7a65a6556611ec4ee1beac3a192b71964f41e747505e22e4d877c33cde257266"),
    Entry(
      prompt: "a cat in a meadow", style: .fluxDev, seed: 9,
      digest: "c98cbf31328de51d851b09b1f1103cb5f3827e3f161bd177bf1de1b9cfcd6308"),
    Entry(
      prompt: "a snowfield with firs", style: .fluxDevFast, seed: 10,
      digest: "59696b6a53b2d95387c6e9c76e97ac00769cc563a39625cf1ed2be1139f4d706"),
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
      digest: "c175c6ca939a9e6f8cee0cee81302877944995170833dcabe19a292f54710481"),
    Entry(
      prompt: "portrait of an astronaut", style: .anime, seed: 15,
      digest: "d0807fff4807a092c5c7994e095b53c9d489b8c51c7b904558a9df7610685fca"),
    Entry(
      prompt: "waves rolling onto a beach", style: .realistic, seed: 16,
      digest: "ec39e07948df995fe10a36f9cd169aa9ab6138f438820ce40d59c7f7853b00dd"),
    Entry(
      prompt: "a fish over a coral reef", style: .sdxl, seed: 17,
      digest: "99b8c00a0221d9066558bee8319d278b76ed9f893072de9bb9dca58aaadb09f9"),
    Entry(
      prompt: "dolphins leaping out of the sea", style: .anime, seed: 18,
      digest: "43f322c7f8517d283e24571800916401b4dba0e6def595b1b7d5791a9d58a819"),
    Entry(
      prompt: "a cat on a sofa", style: .imagineTurbo, seed: 19,
      digest: "024ab814aa3455d83c8891192922e6a2722548131855d0d5d9409d73c47980ff"),
    Entry(
      prompt: "portrait of a woman", style: .realistic, seed: 20,
      digest: "ba68d606342008dcfe695b50a1887ff4f07d0b7145ae1ed6838b4726538c72a5"),
    Entry(
      prompt: "a camel in the desert at dusk", style: .fluxDev, seed: 21,
      digest: "3ef93dbb82b274391443aa76f91b0cafb19e36612d8df0446c87dbd63f2612bb"),
    Entry(
      prompt: "a tiger lying in the grass", style: .anime, seed: 22,
      digest: "81d74fa4598766c8e58e2f40ff7a009fd32a5498e7f61d1076a39bdeaf7d5cdf"),
    Entry(
      prompt: "a galloping horse", style: .imagineTurbo, seed: 23,
      digest: "4e74eea67cc0285edb5dd5d6068df66a41b163f7ab0b0e2bbd0f80996a7fa1ad"),
    Entry(
      prompt: "a knight riding a horse", style: .realistic, seed: 24,
      digest: "8bb896fe686094c1c4a145b8419080853c5ec7c17637d61fdc3c8fc8ff80b78b"),
    Entry(
      prompt: "a bouquet of roses", style: .fluxDev, seed: 25,
      digest: "50d67c69342b8cbd1e21fe999ea6ebc0643d08617ba121407d231c4218f18b3f"),
    Entry(
      prompt: "a castle by a river, two birds", style: .anime, seed: 42,
      digest: "f41a00fcd6c06252f26e62afdacfabc79fafc7e9ae6681aa1f159b769c8706a8"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDev, seed: 42,
      digest: "b3acdac893413244e6d6a8a43028a68b00105acb781cf058636bfb84dcf2673a"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDevFast, seed: 42,
      digest: "d1b700df94b1c4a1c1b60aa49a216b1e0893c57ffef5ab942ae21b069def5273"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxSchnell, seed: 42,
      digest: "34540c8dab10347d543fb1a98fa4e9053692b2a3a0dbfbe6b44efb9de962a013"),
    Entry(
      prompt: "a castle by a river, two birds", style: .imagineTurbo, seed: 42,
      digest: "83b60fb726dd7818ee2bdac2d5cb966011bdbe931bb578d837b2ec108c9c05ef"),
    Entry(
      prompt: "a castle by a river, two birds", style: .realistic, seed: 42,
      digest: "e66f063cfbd2325d55a7940855b1bc5a37ad03edd3f399de615ac036b608fd98"),
    Entry(
      prompt: "a castle by a river, two birds", style: .sdxl, seed: 42,
      digest: "2a607aff307c991b849ce3b5f6377ef2b4d209a8f4b31a0f42ec514341c8ca2d"),
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
