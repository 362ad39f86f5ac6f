import ImagineAPI
import ImagineRuns
import Testing

@Suite("A call has a key that identifies it across runs")
struct CallKeyTests {
  private func request(_ extra: [String: Value]) -> RequestDescription {
    RequestDescription(operation: "generate", fields: ["prompt": .text("x")], extra: extra)
  }

  @Test("a field is redacted for the last word of its name, not for a part of a word")
  func secrets() {
    let names = [
      "api_key", "apiKey", "X-API-Key", "token", "access_token", "accessToken", "secret",
      "client_secret", "password", "Authorization", "auth", "session-cookie", "webhook_url",
    ]
    let notSecret = [
      "keyframes", "keywords", "author", "monkey", "tokens", "authenticity", "cookies_n",
    ]
    let all = request(
      Dictionary(uniqueKeysWithValues: (names + notSecret).map { ($0, .text("value")) }))
    #expect(all.redacted.extra.keys.sorted() == notSecret.sorted())
    #expect(all.redactedByVersion1.extra.isEmpty)
  }

  @Test("the key of a call includes the hashes of redacted fields")
  func hidden() {
    let shown = request([:])
    let keys = [[:], ["api_key": "1f"], ["api_key": "2e"], ["callback": "1f"]].map { hidden in
      CallKey(provider: "a", request: shown, hidden: hidden, count: nil, occurrence: 1)
    }
    #expect(Set(keys).count == keys.count)
    #expect(keys[0] == CallKey(provider: "a", request: shown, count: nil, occurrence: 1))
  }

  @Test("file names that are not UTF-8 keep their bytes and map to distinct strings")
  func names() {
    let names: [[UInt8]] = [
      Array("/home/Zürich 猫.lua".utf8), [0x61, 0xFF, 0x62], [0xFF], [0xC3], [0xC3, 0xBC],
      Array("\u{10FFFF}".utf8), [0xFE], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x8F, 0xBF], [],
    ]
    for bytes in names { #expect(String(fileNameBytes: bytes).fileNameBytes == bytes) }
    #expect(Set(names.map { String(fileNameBytes: $0) }).count == names.count)
    #expect(String(fileNameBytes: [0x61, 0xFF]).printable == "a\\xFF")
  }

  @Test("concurrent results are returned in the order of the requests")
  func order() async {
    let results = await concurrentResults(50) { index in
      if index % 7 == 0 { try await Task.sleep(for: .milliseconds(3)) }
      if index == 21 { throw ImagineError(.io, "21") }
      return index
    }
    #expect(results.map { try? $0.get() } == (0..<50).map { $0 == 21 ? nil : $0 })
  }
}
