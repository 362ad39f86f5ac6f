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
      digest: "2b0a02294881203ae5961f12070e406694746b0400a38eed3dc2392427906a53"),
    Entry(
      prompt: "a city skyline at night", style: .fluxDev, seed: 2,
      digest: "544bc8f294776609e8bb3e29f5ab1d182dbe2fcc61e402f906d3f34917129511"),
    Entry(
      prompt: "a street in the rain", style: .fluxDevFast, seed: 3,
      digest: "7300fcb927ad99963c114761de8614ed5a8334b8c5ee27f90f68fc71c3912079"),
    Entry(
      prompt: "a forest in autumn", style: .fluxSchnell, seed: 4,
      digest: "7d8560b1e87f73a0679956596e70f2d89278dca5679be3e4c5458b40e76d1daa"),
    Entry(
      prompt: "mountains at dawn", style: .imagineTurbo, seed: 5,
      digest: "511d52d51a98d683539a183d688abb7164d2344524e881d0e7bdb697df8a2bc6"),
    Entry(
      prompt: "the sea in a storm", style: .realistic, seed: 6,
      digest: "93dcbe13292de650227b27b771fbb8740c002e67b019b50a908032b7bb0af6c1"),
    Entry(
      prompt: "a beach with palms", style: .sdxl, seed: 7,
      digest: "0d4246e6ef20f407ef875b3f7d015aa1cd3c225a82c0d6d12f54e8915e8e7ce8"),
    Entry(
      prompt: "a desert at sunset", style: .anime, seed: 8,
      digest: "a88a467d6cb539a61b3e45f424d6f7a6a2bd09d93fc2ba32a76d901879ea66d9"),
    Entry(
      prompt: "a cat in a meadow", style: .fluxDev, seed: 9,
      digest: "0551d81fbd6f690c6739b7ab5eec8a83e6ee26a79521a376fc9b39f330e71a4a"),
    Entry(
      prompt: "a snowfield with firs", style: .fluxDevFast, seed: 10,
      digest: "ee0451b6c284ce2b4b4b7aaa8104eed48136614a79b46b69f89a2c3500246646"),
    Entry(
      prompt: "the milky way over hills", style: .fluxSchnell, seed: 11,
      digest: "80838f915f7341713397fc5762d200362225dc7bf5cad02ee0f2bc1e75a91f82"),
    Entry(
      prompt: "a galaxy with a ringed planet", style: .imagineTurbo, seed: 12,
      digest: "f31d107ca317547462a985971b1ba491c4d2ecb42ab90c3a42c9e5badb284d12"),
    Entry(
      prompt: "a cosy living room", style: .realistic, seed: 13,
      digest: "7176dee0bfd33d8b7ca8188d0aee49319322c3e2d33bd23550527d536ae4e57b"),
    Entry(
      prompt: "a bottle on a marble table", style: .sdxl, seed: 14,
      digest: "bbda7e11b8d70a5875156ce847b52c4e41ea1565957cf356019737fb2de2d104"),
    Entry(
      prompt: "portrait of an astronaut", style: .anime, seed: 15,
      digest: "ed630f06676a6b1fabab657c147e17e549936260f7ec8d071c19544898078f3f"),
    Entry(
      prompt: "a castle by a river, two birds", style: .anime, seed: 42,
      digest: "390ba5d31f33e4c1ae6e0f7e5a40531c9f39f435c378527358b0f371ef6e3a70"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDev, seed: 42,
      digest: "bc490e47346ab44b7bc5bfc6a9ff8c0985df716251e0a9d7ee05291e5b1c279f"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxDevFast, seed: 42,
      digest: "47c7fe5b5a3325807971adac72be001e2a291a1ce319e26b9f75537d9f497827"),
    Entry(
      prompt: "a castle by a river, two birds", style: .fluxSchnell, seed: 42,
      digest: "d242c80b663e236a75a35e8fa5b105e10c73094f4b94846ee110221406dd1176"),
    Entry(
      prompt: "a castle by a river, two birds", style: .imagineTurbo, seed: 42,
      digest: "c90b18b50b467881444bc0b380881db35a993776c22528718ee92696a20b6abd"),
    Entry(
      prompt: "a castle by a river, two birds", style: .realistic, seed: 42,
      digest: "d6f30a5566a45b28dd08424e87eaae292156e543fba2bfe4e59b5e663647d3cd"),
    Entry(
      prompt: "a castle by a river, two birds", style: .sdxl, seed: 42,
      digest: "5027cba8b912b2e0027bbd746077d210bd7f2ff581b7cb7320d2441bfa3d91fa"),
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
