import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("A call that its provider does not support is refused before it is sent")
struct UnsupportedFieldTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// The message of the `validation` error that a call raises.
  private func refusal(_ call: String) async throws -> String {
    try FileSystem.write(
      """
      [providers.mine]
      kind = "openai"
      base_url = "http://127.0.0.1:1/v1"
      model = "sd"
      sizes = ["512x512", "768x512"]
      """, to: folder.file("imagine/config.toml"))
    let outcome = try await Program.imagine.run(
      [
        "-e",
        "local mine = imagine.provider 'mine' local ok, fault = pcall(\(call)) "
          + "assert(not ok) print(fault.kind) print(fault.message)",
      ],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
        "IMAGINE_TOKEN": "abc", "IMAGINE_BASE_URL": "http://127.0.0.1:1/v2",
      ], in: folder.path)
    #expect(outcome.output.hasPrefix("validation\n"), "\(outcome.output) \(outcome.errors)")
    return String(outcome.output.dropFirst("validation\n".count))
  }

  @Test(
    "an unsupported operation or field names the providers that support it",
    arguments: [
      ("mine.upscale, { image = 'x.png' }", "has no upscale; 'imagine' and 'local' have it"),
      ("mine.video, 'x'", "has no video; 'imagine' and 'local' have it"),
      ("mine.status, 'some-id'", "has no job; 'imagine' and 'local' have it"),
      (
        "mine.generate, { prompt = 'x', style = 'anime' }",
        "the provider 'mine' takes no 'style'; 'imagine' and 'local' do"
      ),
      (
        "imagine.fill, { prompt = 'x', image = 'x.png', mask = 'x.png', quality = 'low' }",
        "the provider 'imagine' takes no 'quality'; 'openai', 'llmvin' and others"
      ),
      (
        "imagine.generate, { prompt = 'x', model = 'flux-1' }",
        "the provider 'imagine' takes no 'model'; 'openai', 'llmvin' and others"
      ),
      ("imagine.generate, { prompt = 'x', sead = 1 }", "did you mean 'seed'?"),
      ("mine.generate, { prompt = 'x', size = '1024x1024' }", "one of: 512x512, 768x512"),
      (
        "mine.generate, { prompt = 'x', aspect_ratio = '16:9' }",
        "the nearest is size = \"768x512\", which approximate = true selects"
      ),
    ])
  func unsupported(call: String, message: String) async throws {
    let text = try await refusal(call)
    #expect(text.contains(message), "\(text)")
  }

  @Test(
    "a value that no call accepts is refused",
    arguments: [
      ("imagine.generate, 12", "generate: a number is not allowed (expected a prompt, or a table"),
      ("imagine.generate", "generate: no value is not allowed (expected a prompt, or a table"),
      ("imagine.upscale, true", "upscale: a boolean is not allowed (expected an image, or"),
      ("imagine.generate, 'a\\xff'", "field 'prompt': text that is not UTF-8 is not allowed"),
      ("imagine.generate, { prompt = 'x', timeout = 0 }", "field 'timeout': 0 is not allowed"),
      (
        "imagine.generate, { prompt = 'x', extra = { seed = 1 } }",
        "field 'extra.seed': a field of the call itself is not allowed"
      ),
      ("mine.generate, { prompt = 'x', extra = { n = 9 } }", "field 'extra.n': a field of"),
      (
        "imagine.generate, { prompt = 'x', extra = { scale = 1 / 0 } }",
        "field 'extra.scale': inf is not allowed (expected a finite number)"
      ),
      (
        "imagine.generate, { prompt = 'x', extra = { word = 'a\\xff' } }",
        "field 'extra.word': text that is not UTF-8 is not allowed"
      ),
      ("imagine.video, { prompt = 'x', n = 2 }", "unknown field 'n'"),
    ])
  func refused(call: String, message: String) async throws {
    let text = try await refusal(call)
    #expect(text.contains(message), "\(text)")
  }

  @Test("an aspect ratio becomes the provider's size, or the nearest one with approximate")
  func shapes() async throws {
    let stub = try await StubServer { _ in .json(400, #"{"error":{"message":"seen"}}"#) }
    let outcome = try await Program.imagine.run(
      [
        "-e",
        """
        local mine = imagine.provider{ kind = "openai", base_url = "\(stub.address)/v1", model = "sd",
          sizes = { "512x512", "768x512" }, prices = { unit = "USD", generate = 0.02 } }
        pcall(mine.generate, { prompt = "x", aspect_ratio = "3:2" })
        pcall(mine.generate, { prompt = "x", aspect_ratio = "16:9", approximate = true })
        pcall(mine.generate, { prompt = "x", size = "512X512" })
        """,
      ], environment: ["IMAGINE_HOME": folder.file("home")], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let bodies = stub.requests.map(\.text)
    try #require(bodies.count == 3)
    #expect(bodies[0].contains(#""size":"768x512""#))
    #expect(bodies[1].contains(#""size":"768x512""#))
    #expect(bodies[2].contains(#""size":"512x512""#))
    await stub.close()
  }
}
