import Foundation
import ImagineAPI
import ImagineProviders
import ImagineTestSupport
import Testing

@testable import ImagineScripting

@Suite("config.toml")
struct ConfigurationTests {
  private func description(
    _ name: String, _ text: String, environment: [String: String] = [:]
  ) throws -> ProviderDescription {
    let file = try ConfigurationFile.parse(text, in: "config.toml")
    let settings = file.providers[name] ?? ConfigTable(in: name)
    return try ProviderDescription.builtIn(name, environment, settings)
      ?? ProviderDescription(settings)
  }

  private func price(
    _ style: String, in list: PriceList?, of operation: MediaOperation = .generate
  ) throws -> String? {
    let request = try operation.request(
      from: ["prompt": .text("a cat"), "style": .text(style)], source: .script)
    return list?.price(of: request)?.description
  }

  @Test("invalid UTF-8, an unreadable file and a missing file are distinguished")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("config.toml")
    #expect(try ConfigurationFile.read(path) == ConfigurationFile())
    try Data([0xFF, 0xFE]).write(to: URL(filePath: path))
    let garbled = #expect(throws: ImagineError.self) { try ConfigurationFile.read(path) }
    #expect(garbled?.message == "\(path) is not UTF-8")
    let isFolder = #expect(throws: ImagineError.self) { try ConfigurationFile.read(folder.path) }
    #expect(isFolder?.message == "cannot read \(folder.path)")
  }

  @Test("prices are read with their unit, with and without quotes")
  func prices() throws {
    let studio = try description(
      "studio",
      """
      [providers.studio]
      kind = "imagine"
      base_url = "https://images.example.com/v2"
      [providers.studio.prices]
      unit = "USD"
      upscale = 1
      generate = 0.02
      "generate.sdxl-1.0" = 0.04
      video.kling-1.5 = 0.5
      """)
    #expect(try price("anime", in: studio.prices) == "0.02 USD")
    #expect(try price("sdxl-1.0", in: studio.prices) == "0.04 USD")
    #expect(try price("kling-1.5", in: studio.prices, of: .video) == "0.5 USD")
    #expect(try price("fast-svd", in: studio.prices, of: .video) == nil)
  }

  @Test("the prices, model and sizes of a built-in provider may be configured")
  func builtIn() throws {
    let text = """
      [providers.imagine.prices]
      unit = "tokens"
      "generate.sdxl-1.0" = 8
      [providers.openai]
      model = "gpt-image-2"
      sizes = ["1024x1024", "1536x1024"]
      prices = { unit = "USD", "generate.gpt-image-2" = 0.04 }
      """
    let imagine = try description("imagine", text)
    #expect(imagine.baseURL == "https://api.vyro.ai/v2")
    #expect(try price("sdxl-1.0", in: imagine.prices) == "8 tokens")
    let openAI = try description("openai", text)
    #expect(openAI.service.model == "gpt-image-2")
    #expect(openAI.tokenVariable == "OPENAI_API_KEY")
    #expect(openAI.service.sizes?.map(\.description) == ["1024x1024", "1536x1024"])
  }

  @Test("a built-in provider has its own address and its own API key")
  func addresses() throws {
    let keys = ["OPENAI_API_KEY": "a", "LLMVIN_API_KEY": "b"]
    let openAI = try description("openai", "", environment: keys)
    #expect(openAI.baseURL == "https://api.openai.com/v1")
    #expect(openAI.tokenVariable == "OPENAI_API_KEY")
    let llmvin = try description("llmvin", "", environment: keys)
    #expect(llmvin.baseURL == "https://api.llm.vin/v1")
    #expect(llmvin.tokenVariable == "LLMVIN_API_KEY")
    #expect(llmvin.service.model == "flux-1")
    #expect(try description("llmvin", "").tokenVariable == nil)
    let elsewhere = try description(
      "openai", "", environment: ["OPENAI_BASE_URL": "http://127.0.0.1:9/v1"])
    #expect(elsewhere.tokenVariable == nil)
  }

  @Test(
    "the address of a built-in provider cannot be changed, since its API key would be sent there")
  func elsewhere() {
    #expect(throws: ImagineError.self) {
      try description("openai", "[providers.openai]\nbase_url = \"https://example.com/v1\"")
    }
  }

  @Test(
    "an invalid setting is an error that names the file, the table and the key",
    arguments: [
      ("colour = 1", "config.toml: unknown field 'colour'"),
      ("provider = 1", "config.toml.provider"),
      (
        "[providers.x]\nbase_url = \"http://x\"", "config.toml.providers.x: field 'kind' is missing"
      ),
      ("[providers.x]\nkind = \"imagin\"", "config.toml.providers.x.kind"),
      (
        "[providers.x]\nkind = \"imagine\"\nbase_url = \"http://x\"\nmodel = \"m\"",
        "config.toml.providers.x: unknown field 'model'"
      ),
      (
        "[providers.x]\nkind = \"openai\"\nbase_url = \"http://x\"\nsizes = [\"big\"]",
        "config.toml.providers.x.sizes"
      ),
      (
        "[providers.x]\nkind = \"openai\"\nbase_url = \"ftp://x\"",
        "config.toml.providers.x.base_url"
      ),
      (
        "[providers.x]\nkind = \"imagine\"\nbase_url = \"http://x\"\n[providers.x.prices]\ngenerate = 1",
        "config.toml.providers.x.prices: field 'unit' is missing"
      ),
      (
        "[providers.x]\nkind = \"imagine\"\nbase_url = \"http://x\"\nprices = { unit = \"USD\", png = \"1\" }",
        "config.toml.providers.x.prices.png"
      ),
      (
        "[providers.x]\nkind = \"imagine\"\nbase_url = \"http://x\"\nprices = { unit = \"USD\", upscal = 1 }",
        "config.toml.providers.x.prices: unknown field 'upscal'; did you mean 'upscale'?"
      ),
      ("a = [", "config.toml: line 1"),
    ])
  func wrong(text: String, message: String) throws {
    let error = #expect(throws: ImagineError.self) { try description("x", text) }
    #expect(error?.kind == .validation)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test("a variable is a secret if a whole word of its name says so")
  func secrets() {
    for name in ["IMAGINE_TOKEN", "OPENAI_API_KEY", "studio_password", "MY_SECRET_2"] {
      #expect(KnownSecrets.isSecret(name), "\(name)")
    }
    for name in ["KEYMAP", "MONKEY", "TOKENIZERS", "SECRETARY", "PATH"] {
      #expect(!KnownSecrets.isSecret(name), "\(name)")
    }
  }
}
