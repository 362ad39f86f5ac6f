import ImagineAPI
import ImagineTestSupport
import Logging
import Testing

@testable import ImagineServer

@Suite("A call in an upstream's terms")
struct UpstreamRequestTests {
  private func upstreams(_ kind: String, _ more: String) throws -> CurrentUpstreams {
    let address = kind == "command" ? "" : "base_url = \"http://127.0.0.1:9/v2\"\n"
    return try CurrentUpstreams(
      UpstreamDescription.all(
        in: "[[upstream]]\nname = \"u\"\nkind = \"\(kind)\"\n\(address)\(more)"),
      limits: Limits(cores: 1), environment: [:], home: "/tmp",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func call(
    _ operation: MediaOperation = .generate, _ fields: [String: Value] = [:],
    images: [String: PixelSize] = [:], model: String? = "m", size: PixelSize? = nil
  ) throws -> ImageCall {
    var given: [String: Value] = ["prompt": "a cat"]
    if operation.name == "generate" { given["style"] = "anime" }
    given.merge(fields) { $1 }
    if !operation.fields.contains(where: { $0.name == "prompt" }) { given["prompt"] = nil }
    let request = try operation.request(
      from: given, images: images.mapValues { [.bytes(StubEngine.png($0))] }, source: .wire)
    return ImageCall(request: request, model: model, size: size)
  }

  private func sent(_ call: ImageCall, _ upstreams: CurrentUpstreams) throws -> [String: Value] {
    try #require(try upstreams.candidates(for: call).first).request.request.fields
  }

  @Test(
    "asks for the size of the nearest shape that covers what is wanted",
    arguments: [
      ("models = [\"m\"]", 512, 512, "1024x1024"), ("models = [\"m\"]", 1280, 720, "1792x1024"),
      ("models = [\"m\"]", 2048, 2048, "1024x1024"),
      ("models = [\"m\"]\nsizes = [\"512x512\", \"768x512\"]", 600, 400, "768x512"),
      ("models = [\"m\"]\nsizes = [\"512x512\", \"256x256\"]", 200, 200, "256x256"),
      ("models = [\"m\"]\nmodel = \"gpt-image-2\"", 1000, 700, "1008x704"),
      ("models = [\"m\"]\nmodel = \"gpt-image-2\"", 2000, 100, "1280x720"),
      ("models = [\"m\"]\nmodel = \"gpt-image-1\"", 1280, 720, "1536x1024"),
    ])
  func sizes(settings: String, width: Int, height: Int, expected: String) throws {
    let size = PixelSize(width: width, height: height)
    let upstreams = try upstreams("openai", settings)
    #expect(try sent(call(size: size), upstreams)["size"]?.text == expected)
    let target = try #require(try upstreams.candidates(for: call(size: size)).first).request.target
    #expect(target.size == size && target.shape == nil)
  }

  @Test("sends sides in whole blocks where the upstream takes any, and a shape where it takes that")
  func sides() throws {
    let painter = try upstreams("sdapi", "models = [\"m\"]")
    let odd = try sent(call(size: PixelSize(width: 1001, height: 30)), painter)
    #expect(odd["width"]?.integer == 1008 && odd["height"]?.integer == 64)
    let shape = try sent(call(.generate, ["aspect_ratio": "16:9"]), painter)
    #expect(shape["aspect_ratio"]?.text == "16:9" && shape["width"] == nil)
    let other = try upstreams("imagine", "models = [\"m\"]")
    let near = try sent(call(size: PixelSize(width: 1000, height: 560)), other)
    #expect(near["aspect_ratio"]?.text == "16:9")
  }

  @Test("names the model: the upstream's own if it has one, else that of the call")
  func names() throws {
    let own = try upstreams("openai", "models = [\"m\"]\nmodel = \"real\"")
    #expect(try sent(call(), own)["model"]?.text == "real")
    let given = try upstreams("openai", "models = [\"m\"]\nstyles = [\"anime\"]")
    #expect(try sent(call(), given)["model"]?.text == "m")
    #expect(try sent(call(model: nil), given)["model"]?.text == "anime")
    let imagine = try upstreams("imagine", "models = [\"m\"]\nstyles = [\"anime\"]")
    #expect(try sent(call(), imagine)["style"]?.text == "m")
    #expect(try sent(call(model: nil), imagine)["style"]?.text == "anime")
  }

  @Test("passes a seed where the upstream takes one, and chooses one where its models do")
  func seeds() throws {
    let painter = try upstreams("sdapi", "models = [\"m\"]")
    #expect(try sent(call(.generate, ["seed": 7]), painter)["seed"]?.integer == 7)
    #expect(try sent(call(), painter)["seed"]?.integer != nil)
    let cloud = try upstreams("openai", "models = [\"m\"]")
    #expect(try sent(call(), cloud)["seed"] == nil)
  }

  @Test("what an upstream cannot do is refused by name")
  func refusals() throws {
    let drawings = try upstreams(
      "command", "models = [\"m\"]\ngenerate = [\"draw\", \"{prompt}\", \"{output}\"]")
    let seed = #expect(throws: APIError.self) {
      try drawings.candidates(for: call(.generate, ["seed": 7]))
    }
    #expect(seed?.field == "seed" && seed?.fault == .requestInvalid)
    let operation = #expect(throws: APIError.self) {
      try drawings.candidates(for: call(.png))
    }
    #expect(operation?.fault == .unsupported && operation?.message.contains("'m'") == true)
    let painter = try upstreams("sdapi", "operations = [\"resize\"]")
    let photo = ["image": PixelSize(width: 640, height: 480)]
    let shape = #expect(throws: APIError.self) {
      try painter.candidates(for: call(.resize, images: photo, model: nil))
    }
    #expect(shape?.field == "aspect_ratio")
  }

  @Test("a call goes to the upstreams of its model or style, else to those of its operation")
  func choice() throws {
    let upstreams = try CurrentUpstreams(
      UpstreamDescription.all(
        in: [
          "a\"\nstyles = [\"anime\"]", "b\"\noperations = [\"generate\"]", "c\"\nmodels = [\"m\"]",
        ]
        .map { "[[upstream]]\nkind = \"imagine\"\nbase_url = \"http://x/v2\"\nname = \"\($0)\n" }
        .joined()),
      limits: Limits(cores: 1), environment: [:], home: "/tmp",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    func names(_ call: ImageCall) throws -> [String] {
      try upstreams.candidates(for: call).map(\.upstream.name)
    }
    #expect(try names(call(model: nil)) == ["a"])
    #expect(try names(call(.generate, ["style": "realistic"], model: nil)) == ["b"])
    #expect(try names(call(model: "m")) == ["c"])
    #expect(try names(call(model: "flux-1")) == [])
    #expect(try names(call(.png, model: nil)) == [])
  }

  @Test(
    "the image of an edit has the size of the image, and what a model changes outside is put back")
  func edits() throws {
    let cloud = try upstreams("openai", "operations = [\"fill\"]\nmodel = \"gpt-image-1\"")
    let size = PixelSize(width: 640, height: 480)
    let edit = try call(.fill, images: ["image": size, "mask": size], model: nil)
    let target = try #require(try cloud.candidates(for: edit).first).request.target
    #expect(target.size == size && target.restoresOutsideMask)
    let imagine = try upstreams("imagine", "operations = [\"fill\"]")
    let kept = try #require(try imagine.candidates(for: edit).first).request.target
    #expect(kept.size == size && !kept.restoresOutsideMask)
  }
}
