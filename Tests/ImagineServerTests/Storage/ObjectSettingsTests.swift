import Foundation
import ImagineAPI
import ImagineTestSupport
import Logging
import Testing

@testable import ImagineServer

@Suite("The settings of a bucket")
struct ObjectSettingsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let whole = """
    [objects]
    endpoint = "http://127.0.0.1:1"
    bucket = "images"

    """

  private func findings(
    _ toml: String, _ environment: [String: String] = [:]
  ) async throws -> [String] {
    let path = folder.file("server.toml")
    try FileSystem.write(toml, to: path)
    return await ServerCheck(file: path, environment: environment).findings()
      .map(\.description)
  }

  @Test(
    "name what is wrong with them",
    arguments: [
      ("[objects]\nbucket = \"b\"", "'bucket' needs 'endpoint'"),
      ("[objects]\nendpoint = \"http://x\"", "'bucket' is missing"),
      ("[objects]\nendpoint = \"x\"\nbucket = \"images\"", "an address such as"),
      ("[objects]\nendpoint = \"http://x/y\"\nbucket = \"images\"", "without a path"),
      ("[objects]\nendpoint = \"http://x\"\nbucket = \"a/b\"", "3 to 63 letters"),
      (whole + "prefix = \"../x\"", "a name such as"),
      (whole + "access_key_file = \"a\"", "need each other"),
      (whole + "session_token_file = \"a\"", "needs 'access_key_file'"),
      (whole + "bukket = \"a\"", "bucket"),
      (whole + "redirect = 1", "true or false"),
    ])
  func faults(_ toml: String, _ words: String) throws {
    let error = #expect(throws: ImagineError.self) { try ObjectSettings.parsed(toml, in: folder) }
    #expect(error?.message.contains(words) == true, "\(error as Any)")
  }

  @Test("are needed only for a bucket: orphans of a folder can be removed without")
  func folderOnly() throws {
    #expect(try ObjectSettings.parsed("[objects]\nremove_orphans = true", in: folder) == nil)
    #expect(try ObjectSettings.parsed("port = 1", in: folder) == nil)
  }

  @Test("take the key from files that nobody else can read, or from the environment")
  func keys() throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let plain = try #require(try ObjectSettings.parsed(Self.whole, in: folder))
    let none = #expect(throws: ImagineError.self) {
      _ = try plain.bucket(environment: [:], logger: logger)
    }
    #expect(none?.message.contains("AWS_SECRET_ACCESS_KEY") == true)
    let variables = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
    _ = try plain.bucket(environment: variables, logger: logger)
    let line = #expect(throws: ImagineError.self) {
      _ = try plain.bucket(
        environment: variables.merging(["AWS_SESSION_TOKEN": "a token\n"]) { $1 }, logger: logger)
    }
    #expect(line?.message.hasPrefix("AWS_SESSION_TOKEN must") == true)
    let files = try #require(
      try ObjectSettings.parsed(
        Self.whole + "access_key_file = \"access\"\nsecret_key_file = \"secret\"", in: folder))
    try FileSystem.write("key-text\n", to: folder.file("access"))
    try FileSystem.write("secret-text\n", to: folder.file("secret"))
    chmod(folder.file("access"), 0o600)
    chmod(folder.file("secret"), 0o644)
    let open = #expect(throws: ImagineError.self) {
      _ = try files.bucket(environment: variables, logger: logger)
    }
    #expect(open?.message.contains("others may read it") == true)
    chmod(folder.file("secret"), 0o600)
    _ = try files.bucket(environment: [:], logger: logger)
    try FileSystem.write("two words\n", to: folder.file("secret"))
    let words = #expect(throws: ImagineError.self) {
      _ = try files.bucket(environment: [:], logger: logger)
    }
    #expect(words?.message.contains("one line") == true)
    #expect(words?.message.contains("two words") == false)
  }

  @Test("are checked by an object that is removed, even if the key may not read")
  func forbidden() async throws {
    let server = try await WireServer { number in
      [.text("HTTP/1.1 \(number == 2 ? "403 No" : "200 OK")\r\nContent-Length: 0\r\n\r\n")]
    }
    let variables = ["AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "b-secret"]
    let toml = Self.whole.replacing("http://127.0.0.1:1", with: server.address)
    #expect(try await findings(toml, variables).last?.hasPrefix("problem\tobjects") == true)
    let lines = server.requests.map { $0.prefix { $0 != "\r\n" }.split(separator: " ") }
    #expect(lines.map(\.first) == ["PUT", "GET", "DELETE"])
    #expect(lines.first?[1] == lines.last?[1])
    await server.close()
  }

  @Test("are checked, by an object that is stored, read and removed")
  func check() async throws {
    let variables = ["AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "b-secret"]
    let unreachable = try await findings(Self.whole, variables)
    #expect(unreachable.last?.hasPrefix("problem\tobjects\thttp://127.0.0.1:1") == true)
    guard ObjectServer.isInstalled else { return }
    for kind in ObjectServer.Kind.allCases {
      let server = try await ObjectServer.shared(kind)
      let settings = server.settings()
      let fine = try await findings(settings, server.variables)
      #expect(fine.last?.hasPrefix("fine\tobjects") == true, "\(fine)")
      var wrong = server.variables
      wrong["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
      let refused = try await findings(settings, wrong)
      #expect(refused.last?.contains("SignatureDoesNotMatch") == true, "\(refused)")
      #expect(!refused.joined().contains("wrong-secret"))
      #expect(!refused.joined().contains(server.accessKey))
      let other = settings.replacing("bucket = \"imagine\"", with: "bucket = \"nowhere\"")
      let missing = try await findings(other, server.variables)
      #expect(missing.last?.contains("NoSuchBucket") == true, "\(missing)")
    }
  }
}
