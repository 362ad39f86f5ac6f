import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import MediaFiles
import Testing

@testable import ImagineProviders

/// Each test sends real requests to a stub of a service.
@Suite("A request has the form that each OpenAI-style service takes")
struct OpenAIRequestTests {
  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private static let image =
    #"{"data":[{"b64_json":"\#(Data(TinyImage.png).base64EncodedString())"}]}"#

  private static func service(
    _ dialect: OpenAIDialect, model: String? = "m", videos: Bool = false
  ) -> OpenAIService {
    var service = OpenAIService(model: model)
    service.dialect = dialect
    service.hasVideos = videos
    return service
  }

  /// Converts by naming the conversion: the bytes of the result begin with what was asked for.
  private struct NamingConverter: ImageConverter {
    func convert(
      _ asset: Asset, to conversion: Conversion, into store: any MediaStore
    ) async throws -> Asset {
      let mark = Array("\(conversion.format.rawValue) mask \(conversion.isMask)".utf8)
      return try await store.store(TinyImage.png + mark)
    }

    func thumbnail(
      of asset: Asset, within box: PixelSize, from store: any MediaStore
    ) async throws -> Thumbnail {
      throw ImagineError(.notFound, "no provider asks for a thumbnail")
    }
  }

  /// Sends a call to a stub, and returns what the stub received.
  private func sent(
    _ operation: String, _ fields: [String: Value] = [:], images: [String: [[UInt8]]] = [:],
    to service: OpenAIService, responseFormat: String? = nil, extra: [String: Value] = [:],
    answer: String = image
  ) async throws -> StubServer.Request {
    let stub = try await StubServer { _ in .json(200, answer) }
    let provider = OpenAIProvider(
      name: "test", transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: "\(stub.address)/v1", token: Token("key")), service: service,
      responseFormat: responseFormat)
    var assets: [String: [ImageInput]] = [:]
    for (name, files) in images {
      for file in files { assets[name, default: []].append(.asset(try await store.store(file))) }
    }
    var request = try provider.profile.operation(operation).request(
      from: fields, images: assets, source: .script)
    request.extra = extra
    var context = CallContext(store: store, converter: NamingConverter())
    context.derived = try await provider.derivedInputs(of: request, context)
    _ = try await provider.perform(request, context)
    await stub.close()
    #expect(stub.requests.count == 1)
    return try #require(stub.requests.first)
  }

  /// The parts of a form: names, in order, with their contents.
  private func parts(_ request: StubServer.Request) throws -> [(name: String, content: String)] {
    let type = try #require(request.headers["content-type"])
    let boundary = try #require(type.split(separator: "boundary=").last)
    let text = String(decoding: request.body, as: UTF8.self)
    return text.components(separatedBy: "--\(boundary)").dropFirst().dropLast().compactMap { part in
      guard let name = part.firstMatch(of: /name="([^"]*)"/)?.1,
        let start = part.range(of: "\r\n\r\n")
      else { return nil }
      return (String(name), String(part[start.upperBound...].dropLast()))
    }
  }

  @Test("a described field is sent only if it is given, and `response_format` only if configured")
  func fields() async throws {
    let openAI = Self.service(.openai, model: "gpt-image-2")
    let plain = try await sent("generate", ["prompt": "x"], to: openAI)
    #expect(plain.text == #"{"model":"gpt-image-2","prompt":"x"}"#)
    let given: [String: Value] = [
      "seed": 7, "negative_prompt": "rain", "quality": "high", "background": "opaque",
      "output_format": "webp", "output_compression": 80, "moderation": "low", "user": "u1",
    ]
    let full = try await sent(
      "generate", given.merging(["prompt": "x"]) { $1 }, to: openAI, responseFormat: "b64_json")
    #expect(
      full.text
        == #"{"background":"opaque","model":"gpt-image-2","moderation":"low","negative_prompt":"rain","#
        + #""output_compression":80,"output_format":"webp","prompt":"x","quality":"high","#
        + #""response_format":"b64_json","seed":7,"user":"u1"}"#)
  }

  @Test("an edit is a form with its image first, its mask, and the image's size")
  func edits() async throws {
    let large = BlankImage.png(size: PixelSize(width: 512, height: 768))
    let request = try await sent(
      "fill", ["prompt": "a vase", "input_fidelity": "high"],
      images: ["image": [large], "mask": [large]],
      to: Self.service(.openai, model: "gpt-image-2"), extra: ["tags": ["a", "b"]])
    #expect(request.target == "/v1/images/edits")
    let parts = try parts(request)
    #expect(
      parts.map(\.name) == ["input_fidelity", "model", "prompt", "size", "tags", "image", "mask"])
    let values = Dictionary(parts.map { ($0.name, $0.content) }) { first, _ in first }
    #expect(values["size"] == "512x768" && values["tags"] == #"["a","b"]"#)
    #expect(values["mask"]?.hasSuffix("png mask true") == true)
    #expect(values["image"]?.hasSuffix("mask false") == false)
  }

  @Test("reference images keep their order, and a file of another format is converted")
  func references() async throws {
    let first = TinyImage.png + Array("one".utf8)
    let second = TinyImage.png + Array("two".utf8)
    let request = try await sent(
      "generate", ["prompt": "x"], images: ["images": [second, SampleMedia.gif, first]],
      to: Self.service(.openai))
    #expect(request.target == "/v1/images/edits")
    let files = try parts(request).filter { $0.name == "image[]" }.map(\.content)
    #expect(files.count == 3)
    #expect(files[0].hasSuffix("two") && files[2].hasSuffix("one"))
    #expect(files[1].hasSuffix("png mask false"))
    let edit = try await sent(
      "add_background", ["prompt": "a table"], images: ["image": [second], "images": [first]],
      to: Self.service(.openai))
    let both = try parts(edit)
    #expect(both.filter { $0.name == "image[]" }.map { $0.content.suffix(3) } == ["two", "one"])
    #expect(both.first { $0.name == "prompt" }?.content.hasSuffix("background: a table") == true)
  }

  @Test("what the service must be told of an operation stands in words, unless the call says it")
  func instructions() async throws {
    let service = Self.service(.openai)
    let cut = try parts(
      try await sent("remove_background", images: ["image": [TinyImage.png]], to: service))
    #expect(cut.contains { $0.name == "background" && $0.content == "transparent" })
    #expect(cut.contains { $0.name == "output_format" && $0.content == "png" })
    let images = ["image": [TinyImage.png], "mask": [TinyImage.png]]
    let standard = try parts(try await sent("retouch", images: images, to: service))
    #expect(standard.first { $0.name == "prompt" }?.content.contains("mask") == true)
    let own = try parts(
      try await sent("retouch", ["prompt": "erase it"], images: images, to: service))
    #expect(own.first { $0.name == "prompt" }?.content == "erase it")
  }

  @Test("stable-diffusion.cpp gets seed and steps in the prompt, before the user's words")
  func sdcpp() async throws {
    let request = try await sent(
      "generate",
      [
        "prompt": "a cat", "seed": 7, "num_inference_steps": 8, "guidance_scale": 1.5,
        "negative_prompt": "</sd_cpp_extra_args>",
      ], to: Self.service(.sdcpp))
    let body = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
    let prompt = try #require(body?["prompt"] as? String)
    let parts = try #require(
      prompt.firstMatch(of: /<sd_cpp_extra_args>(.*?)<\/sd_cpp_extra_args>(.*)/))
    #expect(parts.2 == "a cat")
    let arguments = try JSONSerialization.jsonObject(with: Data(parts.1.utf8)) as? [String: Any]
    #expect(arguments?["seed"] as? Int == 7)
    #expect(arguments?["negative_prompt"] as? String == "</sd_cpp_extra_args>")
    let sampling = arguments?["sample_params"] as? [String: Any]
    #expect(sampling?["sample_steps"] as? Int == 8)
    #expect((sampling?["guidance"] as? [String: Any])?["txt_cfg"] as? Double == 1.5)
    #expect(body?["seed"] == nil && body?.count == 2)
  }

  @Test("vLLM gets the mask under both names, LocalAI at its own route, OpenRouter an address")
  func dialects() async throws {
    let images = ["image": [TinyImage.png], "mask": [TinyImage.png]]
    let vllm = try parts(
      try await sent("fill", ["prompt": "x", "seed": 3], images: images, to: Self.service(.vllm)))
    let masks = vllm.filter { $0.name.hasPrefix("mask") }
    #expect(masks.map(\.name) == ["mask", "mask_image"] && masks[0].content == masks[1].content)
    let local = try await sent(
      "fill", ["prompt": "x"], images: images, to: Self.service(.localai))
    #expect(local.target == "/v1/images/inpainting")
    #expect(try parts(local).map(\.name) == ["model", "prompt", "image", "mask"])
    let larger = try await sent(
      "upscale", images: ["image": [TinyImage.png]], to: Self.service(.localai))
    #expect(larger.target == "/v1/images/upscale")
    #expect(try parts(larger).contains { $0.name == "scale" && $0.content == "2" })
    let router = try await sent(
      "generate", ["prompt": "x"], images: ["images": [TinyImage.png]],
      to: Self.service(.openrouter))
    #expect(router.target == "/v1/images")
    let reference = #""input_references":[{"image_url":{"url":"data:image/png;base64,"#
    #expect(router.text.contains(reference))
  }

  @Test("a video is asked for with its seconds as a text, and a first frame in a form")
  func videos() async throws {
    let service = Self.service(.openai, videos: true)
    let job = #"{"id":"v1","object":"video","status":"queued","progress":0}"#
    let video = try await sent(
      "video", ["prompt": "waves", "seconds": 8, "aspect_ratio": "16:9", "model": "wan"],
      to: service, answer: job)
    #expect(video.target == "/v1/videos")
    #expect(video.text == #"{"model":"wan","prompt":"waves","seconds":"8","size":"1280x720"}"#)
    let animated = try await sent(
      "animate", ["prompt": "waves", "seconds": 4], images: ["image": [TinyImage.png]],
      to: service, answer: job)
    #expect(try parts(animated).map(\.name) == ["prompt", "seconds", "input_reference"])
  }
}
