import ImagineAPI
import Testing

@testable import ImagineProviders

@Suite("A token is sent to one origin only")
struct EndpointTests {
  let endpoint = Endpoint(baseURL: "https://api.example.com/v2/", token: Token("Bearer abcdef"))

  @Test(
    "a token is accepted with or without Bearer",
    arguments: ["abc", "Bearer abc", " bearer  abc\n"])
  func bearer(text: String) {
    #expect(Token(text)?.value == "abc")
  }

  @Test("a text without a valid token is nil", arguments: ["", "  ", "Bearer ", "a b", "tök"])
  func none(text: String) {
    #expect(Token(text) == nil)
  }

  @Test("a token is redacted to its first letters when printed")
  func printed() {
    let token = Token("secret-value")
    #expect("\(token.map { "\($0)" } ?? "")" == "sec…")
    #expect(!String(reflecting: endpoint).contains("abcdef"))
  }

  @Test(
    "a token is sent to its own origin in every spelling",
    arguments: [
      "https://api.example.com/v2/image", "https://api.example.com:443/x",
      "HTTPS://API.example.com",
    ])
  func own(address: String) {
    #expect(endpoint.authorization(for: address) == "Bearer abcdef")
  }

  @Test(
    "a token is sent to no other origin",
    arguments: [
      "http://api.example.com/v2", "https://api.example.com:8443/v2", "https://example.com/v2",
      "https://api.example.com.evil.org/", "https://api.example.com@evil.org/",
      "https://evil.org/?https://api.example.com/v2", "http+unix://%2Ftmp%2Fs/v2", "nonsense", "",
    ])
  func other(address: String) {
    #expect(endpoint.authorization(for: address) == nil)
  }
}
