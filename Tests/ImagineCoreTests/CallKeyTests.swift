import ImagineCore
import Testing

@Suite("What tells calls apart")
struct CallKeyTests {
  private func request(_ extra: [String: RequestDescription.Scalar]) -> RequestDescription {
    RequestDescription(operation: "generate", fields: ["prompt": .text("x")], extra: extra)
  }

  @Test("a field is a secret by its last word, not by letters in its name")
  func secrets() {
    let names = [
      "api_key", "apiKey", "X-API-Key", "token", "access_token", "accessToken", "secret",
      "client_secret", "password", "Authorization", "auth", "session-cookie", "webhook_url",
    ]
    let told = ["keyframes", "keywords", "author", "monkey", "tokens", "authenticity", "cookies_n"]
    let all = request(
      Dictionary(uniqueKeysWithValues: (names + told).map { ($0, .text("value")) }))
    #expect(all.withoutPrivateExtras.extra.keys.sorted() == told.sorted())
    #expect(all.withoutPrivateExtrasOfVersion1.extra.isEmpty)
  }

  @Test("a field that is not told is in the key by its hash")
  func hidden() {
    let told = request([:])
    let keys = [[:], ["api_key": "1f"], ["api_key": "2e"], ["callback": "1f"]].map { hidden in
      CallKey(provider: "a", request: told, hidden: hidden, count: nil, occurrence: 1)
    }
    #expect(Set(keys).count == keys.count)
    #expect(keys[0] == CallKey(provider: "a", request: told, count: nil, occurrence: 1))
  }

  @Test("names that are no UTF-8 keep their bytes, and each has a text of its own")
  func names() {
    let names: [[UInt8]] = [
      Array("/home/Zürich 猫.lua".utf8), [0x61, 0xFF, 0x62], [0xFF], [0xC3], [0xC3, 0xBC],
      Array("\u{10FFFF}".utf8), [0xFE], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x8F, 0xBF], [],
    ]
    for bytes in names { #expect(String(nameOf: bytes).bytesOfName == bytes) }
    #expect(Set(names.map { String(nameOf: $0) }).count == names.count)
    #expect(String(nameOf: [0x61, 0xFF]).printable == "a\\xFF")
  }

  @Test("results of work at the same time are in the order of what was asked")
  func order() async {
    let results = await concurrentResults(50) { index in
      if index % 7 == 0 { try await Task.sleep(for: .milliseconds(3)) }
      if index == 21 { throw ImagineError(.io, "21") }
      return index
    }
    #expect(results.map { try? $0.get() } == (0..<50).map { $0 == 21 ? nil : $0 })
  }
}
