import Crypto
import Foundation
import Testing

@testable import ImagineServer

@Suite("The page to try the service")
struct PageTests {
  private let forwarded = [("X-Forwarded-For", "192.0.2.1")]

  @Test("is one file that can load nothing from elsewhere and runs only its own script")
  func policy() async throws {
    try await RunningServer.with { server in
      let answer = try await server.send(.get, "/", token: nil)
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
      #expect(answer.headers["set-cookie"] == nil)
      #expect(answer.headers["cache-control"] == "no-store")
      let policy = try #require(answer.headers["content-security-policy"])
      #expect(policy.hasPrefix("default-src 'none'; "))
      #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
      for element in ["script", "style"] {
        let content = try #require(
          answer.text.split(separator: "<\(element)>").dropFirst().first?
            .split(separator: "</\(element)>").first)
        let digest = Data(SHA256.hash(data: Data(content.utf8))).base64EncodedString()
        #expect(policy.contains("\(element)-src 'sha256-\(digest)'"))
      }
      #expect(!answer.text.contains("http://") && !answer.text.contains("https://"))
      #expect(!answer.text.contains("<!-- "))
      for word in ["<option selected>imagine-turbo</option>", "<option>16:9</option>"] {
        #expect(answer.text.contains(word))
      }
      #expect(try await server.send(.head, "/", token: nil).status == 200)
      #expect(try await server.send(.post, "/").status == 405)
    }
  }

  @Test("is not for strangers, unless it shall be")
  func access() async throws {
    for (access, local, remote) in [
      (PageAccess.local, 200, 404), (.on, 200, 200), (.off, 404, 404),
    ] {
      try await RunningServer.with {
        $0.page = access
      } _: { server in
        let here = try await server.send(.get, "/", token: nil)
        let there = try await server.send(.get, "/", token: nil, headers: forwarded)
        #expect(here.status == local)
        #expect(there.status == remote)
      }
    }
  }

  @Test("has a token to begin with only where any token is accepted")
  func token() async throws {
    let digest = Authentication.digest(of: "test")
    try await RunningServer.with {
      $0.authentication = .listed(TokenList(entries: [digest: .init()]))
    } _: { server in
      let page = try await server.send(.get, "/").text
      #expect(page.contains(#"autocomplete="off" value="""#))
    }
    try await RunningServer.with { server in
      let page = try await server.send(.get, "/").text
      #expect(page.contains(#"autocomplete="off" value="page""#))
    }
  }
}
