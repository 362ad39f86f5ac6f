import ImagineCore
import Testing

@testable import ImagineClient

@Suite("A key belongs to one origin")
struct EndpointTests {
  let endpoint = Endpoint(baseURL: "https://api.example.com/v2/", token: Token("Bearer abcdef"))

  @Test(
    "a token is taken with or without Bearer", arguments: ["abc", "Bearer abc", " bearer  abc\n"])
  func bearer(text: String) {
    #expect(Token(text)?.value == "abc")
  }

  @Test("what holds no token is none", arguments: ["", "  ", "Bearer ", "a b", "tök"])
  func none(text: String) {
    #expect(Token(text) == nil)
  }

  @Test("a token prints as its first letters")
  func printed() {
    let token = Token("secret-value")
    #expect("\(token.map { "\($0)" } ?? "")" == "sec…")
    #expect(!String(reflecting: endpoint).contains("abcdef"))
  }

  @Test(
    "it goes to its own origin, however that is written",
    arguments: [
      "https://api.example.com/v2/image", "https://api.example.com:443/x",
      "HTTPS://API.example.com",
    ])
  func own(address: String) {
    #expect(endpoint.authorization(for: address) == "Bearer abcdef")
  }

  @Test(
    "it goes to no other",
    arguments: [
      "http://api.example.com/v2", "https://api.example.com:8443/v2", "https://example.com/v2",
      "https://api.example.com.evil.org/", "https://api.example.com@evil.org/",
      "https://evil.org/?https://api.example.com/v2", "http+unix://%2Ftmp%2Fs/v2", "nonsense", "",
    ])
  func other(address: String) {
    #expect(endpoint.authorization(for: address) == nil)
  }
}
