import Foundation
import ImagineAPI
import ImagineProviders
import ImagineTestSupport
import Logging
import Testing

@testable import ImagineServer

@Suite("server.toml")
struct ServerSettingsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func settings(_ text: String) throws -> ServerSettings {
    try FileSystem.write(text, to: folder.file("server.toml"))
    return try ServerSettings(file: folder.file("server.toml"))
  }

  /// The beginning of an upstream; the cases below write @ for it.
  private static let upstream =
    "[[upstream]]\nname = \"a\"\nkind = \"openai\"\nbase_url = \"http://x/v1\"\n"

  @Test("has the options of the command, and upstreams with the settings of their kinds")
  func reading() throws {
    try FileSystem.write("key-1\n", to: folder.file("keys/openai"))
    chmod(folder.file("keys/openai"), 0o600)
    let settings = try settings(
      """
      host = "0.0.0.0"
      port = 0
      home = "/srv/imagine"
      public_address = "https://images.example.org"
      tokens_file = "tokens.toml"
      rate = 60
      keep_days = 7
      video_queue = 5000
      videos_per_account = 500
      log_level = "debug"
      model_aliases = { "gpt-image-1" = "gpt-image-2" }

      [[upstream]]
      name = "cloud"
      kind = "openai"
      base_url = "https://api.openai.com/v1"
      token_file = "keys/openai"
      models = ["gpt-image-2"]
      sizes = ["1024x1024"]
      capacity = 4
      timeout = 90.5

      [[upstream]]
      name = "gpu"
      kind = "sdapi"
      base_url = "http://10.0.0.7:7860"
      styles = ["realistic"]
      operations = ["generate", "fill"]
      resolution = 512
      """)
    #expect(settings.host == "0.0.0.0" && settings.port == 0 && settings.home == "/srv/imagine")
    #expect(settings.tokensFile == folder.file("tokens.toml"))
    #expect(
      settings.rate == 60 && settings.keepDays == 7 && settings.videoQueue == 5000
        && settings.videosPerAccount == 500 && settings.logLevel == .debug)
    #expect(settings.modelAliases == ["gpt-image-1": "gpt-image-2"])
    let (cloud, gpu) = (settings.upstreams[0], settings.upstreams[1])
    #expect(cloud.name == "cloud" && cloud.capacity == 4 && cloud.timeout == 90.5)
    #expect(cloud.provider.confidentialTexts([:]).contains("key-1"))
    #expect(cloud.provider.service.sizes?.map(\.description) == ["1024x1024"])
    #expect(gpu.capacity == 1 && gpu.timeout == 600 && gpu.operations == ["generate", "fill"])
    #expect(gpu.provider.painter.resolution == 512)
  }

  @Test(
    "with a mistake is refused with a message that names it",
    arguments: [
      ("prot = 1", "did you mean 'port'?"), ("port = 70000", "server.toml.port"),
      ("port = 80.5", "80.5"), ("log_level = \"loud\"", "log_level"),
      ("public_address = \"x\"", "public_address"), ("rate = 0", "server.toml.rate"),
      ("socket = \"s\"\nport = 1", "'socket' contradicts"), ("= 1", "line 1"),
      ("upstream = 1", "a list of tables"), ("[[upstream]]", "field 'name' is missing"),
      ("[[upstream]]\nname = \"a b\"", "without spaces"),
      ("[[upstream]]\nname = \"a\"", "upstream[1]: field 'kind' is missing"),
      ("[[upstream]]\nname = \"a\"\nkind = \"opnai\"", "did you mean 'openai'?"),
      ("@", "models, styles or operations"),
      ("@ models = [\"m\"]\ntoken = \"secret\"", "must not be written in this file"),
      ("@ models = [\"m\"]\ncapcity = 2", "did you mean 'capacity'?"),
      ("@ models = [\"m\"]\ncapacity = 0", "capacity"),
      ("@ models = [\"m\"]\ntimeout = 0", "from 1 to 86400"),
      ("@ models = [\"m\"]\nconcurrency = 2", "unknown field 'concurrency'"),
      ("@ models = [\"m\"]\ntoken_file = \"none\"", "upstream[1].token_file"),
      ("@ models = \"m\"", "a list of strings"),
      ("@ operations = [\"generat\"]", "did you mean 'generate'?"),
      ("@ models = [\"m\"]\n@ models = [\"n\"]", "upstream[2].name"),
      (
        "[[upstream]]\nname = \"a\"\nkind = \"command\"\ntoken_file = \"t\"",
        "unknown field 'token_file'"
      ),
    ])
  func mistakes(text: String, words: String) {
    let error = #expect(throws: ImagineError.self) {
      try settings(text.replacing("@", with: Self.upstream))
    }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("secret\"") != true)
  }

  @Test("refuses a key file that others may read, and a key that is also in a variable")
  func keys() throws {
    try FileSystem.write("key-1", to: folder.file("key"))
    chmod(folder.file("key"), 0o644)
    let text = Self.upstream + "models = [\"m\"]\ntoken_file = \"key\"\n"
    let open = #expect(throws: ImagineError.self) { try settings(text) }
    #expect(open?.message.contains("chmod 600") == true)
    chmod(folder.file("key"), 0o600)
    _ = try settings(text)
    let both = #expect(throws: ImagineError.self) {
      try settings(text + "token_env = \"KEY\"\n")
    }
    #expect(both?.message.contains("not both") == true)
  }

  @Test("the gateway of the README can be used")
  func example() throws {
    let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
      url.deletingLastPathComponent()
    }
    let settings = try ServerSettings(file: root.path + "/scripts/gateway/server.toml")
    let upstreams = try CurrentUpstreams(
      settings.upstreams, limits: Limits(cores: 1), environment: ["STUB_TOKEN": "any"],
      home: folder.path, logger: .init(label: "test"))
    #expect(upstreams.models == ["flux-dev"] && upstreams.offer(.generate))
    _ = try FaultPlan(file: root.path + "/scripts/gateway/stub.toml")
  }

  @Test("a missing variable and an operation that the kind lacks are found when it is used")
  func use() throws {
    for (more, words) in [
      ("models = [\"m\"]\ntoken_env = \"NO_SUCH_KEY\"", "set NO_SUCH_KEY"),
      ("operations = [\"upscale\"]", "one of: generate"),
    ] {
      let error = #expect(throws: ImagineError.self) {
        try CurrentUpstreams(
          settings(Self.upstream + more).upstreams, limits: Limits(cores: 1), environment: [:],
          home: folder.path, logger: .init(label: "test"))
      }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }
}
