import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Testing

@testable import ImagineProviders

@Suite("The OpenAI provider works over a real socket")
struct OpenAIProviderTests {
  static let png = ImagineProviderTests.png

  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private func generate(
    at address: String, _ arguments: [String: Value], count: Int = 1
  ) async throws -> [Output] {
    let provider = OpenAIProvider(
      name: "test", transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: "\(address)/v1", token: Token("key")),
      service: OpenAIService(model: "flux-1"))
    let operation = try #require(provider.profile.operations.first)
    let request = try operation.request(
      from: arguments.merging(["prompt": .text("a cat")]) { $1 }, source: .script)
    return try await provider.outputs(request, count: count, options: CallOptions(), into: store)
  }

  /// The members of a request's JSON body.
  private func members(_ request: StubServer.Request?) throws -> [String: any Sendable] {
    let body = try #require(request?.body)
    let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: any Sendable]
    return try #require(object)
  }

  @Test("images are read from base64, data URLs and addresses")
  func answers() async throws {
    let files = try await StubServer { _ in .full(status: 200, body: Self.png) }
    let base64 = Data(Self.png).base64EncodedString()
    let stub = try await StubServer { [address = files.address] _ in
      .json(
        200,
        """
        {"created":1,"data":[{"b64_json":"\(base64)"},
        {"url":"data:image/png;base64,\(base64)"},{"url":"\(address)/x.png"}]}
        """)
    }
    let images = try await generate(at: stub.address, [:], count: 3)
    #expect(images.count == 3)
    #expect(Set(images.map(\.asset.sha256)).count == 1)
    #expect(files.requests.map(\.headers["authorization"]) == [nil])
    #expect(stub.requests.first?.headers["authorization"] == "Bearer key")
    #expect(stub.requests.first?.target == "/v1/images/generations")
    let members = try members(stub.requests.first)
    #expect(members["model"] as? String == "flux-1")
    #expect(members["n"] as? Int == 3)
    #expect(members["size"] == nil)
    await stub.close()
    await files.close()
  }

  @Test("numbers are sent as JSON numbers, and an aspect ratio as a size")
  func fields() async throws {
    let stub = try await StubServer { _ in .json(400, "{}") }
    _ = try? await generate(
      at: stub.address,
      [
        "model": .text("other"), "aspect_ratio": .text("1:1"), "guidance_scale": .text("3.5"),
        "num_inference_steps": .integer(30),
      ])
    let members = try members(stub.requests.first)
    #expect(members["model"] as? String == "other")
    #expect(members["size"] as? String == "1024x1024")
    #expect(members["guidance_scale"] as? Double == 3.5)
    #expect(members["num_inference_steps"] as? Int == 30)
    #expect(
      Set(members.keys) == ["prompt", "model", "size", "guidance_scale", "num_inference_steps"])
    await stub.close()
  }

  @Test("an unsupported aspect ratio is refused with the nearest size, unless `approximate` is set")
  func approximate() async throws {
    let stub = try await StubServer { _ in .json(400, "{}") }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await generate(at: stub.address, ["aspect_ratio": .text("16:9")])
    }
    #expect(error?.field == "aspect_ratio")
    #expect(error?.message.contains("1792x1024") == true)
    #expect(stub.requests.isEmpty)
    _ = try? await generate(
      at: stub.address, ["aspect_ratio": .text("9:16"), "approximate": .flag(true)])
    #expect(try members(stub.requests.first)["size"] as? String == "1024x1792")
    await stub.close()
  }

  @Test(
    "an error keeps the service's message, code and field",
    arguments: [
      (400, "invalid_request_error", ImagineError.Kind.validation, false, ImagineError.Charged.no),
      (401, "invalid_api_key", .authorization, false, .no), (404, "model", .notFound, false, .no),
      (429, "rate_limit", .rateLimit, true, .no), (429, "insufficient_quota", .payment, false, .no),
      (500, "server", .server, false, .unknown),
    ])
  func faults(
    status: Int, code: String, kind: ImagineError.Kind, retryable: Bool,
    charged: ImagineError.Charged
  ) async throws {
    let stub = try await StubServer { _ in
      .json(
        status, #"{"error":{"message":"the words","type":"t","code":"\#(code)","param":"size"}}"#)
    }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await generate(at: stub.address, [:])
    }
    #expect(error?.kind == kind)
    #expect(error?.retryable == retryable)
    #expect(error?.charged == charged)
    #expect(error?.name == code)
    #expect(error?.field == "size")
    #expect(error?.message.contains("the words") == true)
    await stub.close()
  }

  @Test(
    "an answer without images is a bad answer",
    arguments: ["{}", #"{"data":[]}"#, #"{"data":[{}]}"#, #"{"data":[{"b64_json":"&"}]}"#])
  func empty(body: String) async throws {
    let stub = try await StubServer { _ in .json(200, body) }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await generate(at: stub.address, [:])
    }
    #expect(error?.kind == .badResponse)
    #expect(error?.charged == .unknown)
    await stub.close()
  }

  private static let base64 = Data(png).base64EncodedString()

  @Test(
    "every form of an entry is parsed, and an empty member counts as absent",
    arguments: [
      #"{"b64_json":"","url":"/files/a.png"}"#, #"{"b64_json":null,"url":"/files/a.png"}"#,
      #"{"url":"files/a.png"}"#, #"{"b64_json":"data:image/png;base64,B64"}"#,
      #"{"b64_json":"B64","url":""}"#, #"{"url":{"url":"/files/a.png"}}"#,
      #"{"image_url":"/files/a.png"}"#, #""B64""#, #""data:image/png;base64,B64""#,
      #"{"b64_json":"B64","revised_prompt":7,"url":5}"#,
    ])
  func forms(entry: String) async throws {
    let entry = entry.replacing("B64", with: Self.base64)
    let stub = try await StubServer { request in
      request.method == "POST"
        ? .json(201, #"{"created":"x","data":[\#(entry)],"usage":null}"#)
        : .full(status: 200, body: Self.png)
    }
    #expect(try await generate(at: stub.address, [:]).count == 1)
    let fetched = stub.requests.dropFirst().map(\.target)
    #expect(fetched.isEmpty || fetched == ["/files/a.png"] || fetched == ["/v1/files/a.png"])
    await stub.close()
  }

  @Test(
    "an invalid entry does not discard the others",
    arguments: [
      "null", "{}", "7", #"{"b64_json":"&&"}"#, #"{"url":"/gone.png"}"#, #"{"url":"ftp://x"}"#,
    ])
  func oddEntry(entry: String) async throws {
    let stub = try await StubServer { request in
      request.method == "POST"
        ? .json(200, #"{"data":[\#(entry),{"b64_json":"\#(Self.base64)"}]}"#)
        : .json(404, "{}")
    }
    #expect(try await generate(at: stub.address, [:], count: 2).count == 1)
    await stub.close()
  }

  @Test(
    "an answer without images keeps the service's message",
    arguments: [
      (#"{"data":[],"error":"a multiple of 16"}"#, "a multiple of 16"),
      (#"{"error":{"message":"no add-on"}}"#, "no add-on"),
      (#"{"detail":"no add-on"}"#, "no add-on"),
      ("<html><title>Busy</title></html>", "a web page: Busy"), ("", "is empty"), ("{", "not JSON"),
    ])
  func words(body: String, words: String) async throws {
    let stub = try await StubServer { _ in .json(200, body) }
    let error = await #expect(throws: ImagineError.self) {
      try await generate(at: stub.address, [:])
    }
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    #expect(error?.charged == .unknown)
    #expect(error?.retryable == false)
    await stub.close()
  }

  @Test("an answer larger than the limit is an error with an unknown charge")
  func tooLong() async throws {
    let stub = try await WireServer { _ in
      let piece = Array(repeating: UInt8(ascii: " "), count: 1 << 20)
      return [.text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]
        + Array(repeating: .send(piece), count: (OpenAIAnswer.maxBytes >> 20) + 2) + [.close]
    }
    let error = await #expect(throws: ImagineError.self) {
      try await generate(at: stub.address, [:])
    }
    #expect(error?.message.contains("larger than 256 MiB") == true)
    #expect(error?.charged == .unknown)
    await stub.close()
  }
}
