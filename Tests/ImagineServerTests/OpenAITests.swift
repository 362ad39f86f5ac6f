import Foundation
import ImagineAPI
import MediaFiles
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The OpenAI-style images API")
struct OpenAITests {
  private func post(
    _ server: RunningServer, _ json: String, token: String = "test"
  ) async throws -> Answer {
    try await server.postJSON("/v1/images/generations", json, token: token)
  }

  @Test("returns as many addresses as requested, each of a different image with its seed")
  func addresses() async throws {
    try await RunningServer.with { server in
      let answer = try await post(server, #"{"model":"flux-1","prompt":"a cat","n":3}"#)
      #expect(answer.status == 200)
      #expect(try answer.json["created"] is Int)
      var images: Set<[UInt8]> = []
      for entry in try answer.images {
        #expect(Set(entry.keys) == ["url", "seed"])
        let image = try await server.send(.get, #require(entry["url"] as? String), token: nil)
        #expect(image.headers["content-type"] == "image/png")
        #expect(ImageHeader(image.bytes)?.size == PixelSize(width: 1024, height: 1024))
        images.insert(image.bytes)
      }
      #expect(images.count == 3)
    }
  }

  @Test(
    "makes any size of at most 2048x2048 pixels, painted in the nearest shape",
    arguments: [
      ("auto", "1024x1024"), ("1024x1792", "1024x1792"), ("1792x1024", "1792x1024"),
      ("1536x1024", "1536x1024"), ("512x512", "512x512"), ("333x777", "333x777"),
      ("2048x2048", "2048x2048"), ("1x1", "1x1"), ("2560x1440", "2560x1440"),
    ])
  func sizes(given: String, made: String) async throws {
    try await RunningServer.with { server in
      let answer = try await post(
        server,
        """
        {"model":"flux-1","prompt":"a cat","size":"\(given)","guidance_scale":3.5,
         "num_inference_steps":30,"response_format":"b64_json","user":"x","extra":{"a":[1]},
         "quality":null}
        """)
      #expect(ImageHeader(try answer.image)?.size.description == made)
      #expect(try answer.json["size"] as? String == made)
    }
  }

  @Test("the same request with the same seed gives the same images, whose seeds follow each other")
  func seeds() async throws {
    try await RunningServer.with { server in
      let json = #"{"model":"flux-1","prompt":"a cat","n":2,"seed":7,"response_format":"b64_json"}"#
      let first = try await post(server, json).images
      #expect(first.compactMap { $0["seed"] as? Int } == [7, 8])
      let second = try await post(server, json).images
      #expect(first.map { $0["b64_json"] as? String } == second.map { $0["b64_json"] as? String })
      let last = try await post(
        server, #"{"model":"flux-1","prompt":"a cat","n":2,"seed":9223372036854775807}"#)
      #expect(try last.images.compactMap { $0["seed"] as? Int } == [.max, 1])
    }
  }

  @Test("a transparent background is Text to PNG; a format without transparency is refused")
  func transparency() async throws {
    try await RunningServer.with { server in
      func answer(_ format: String) async throws -> Answer {
        try await post(
          server,
          """
          {"model":"flux-1","prompt":"a cat","seed":3,"background":"transparent",
           "output_format":"\(format)","response_format":"b64_json"}
          """)
      }
      let png = try await answer("png")
      #expect(String(decoding: try png.image, as: UTF8.self).hasSuffix("png|a cat|3"))
      #expect(try png.json["background"] as? String == "transparent")
      #expect(try await answer("webp").status == 200)
      let refused = try await answer("jpeg")
      #expect(refused.status == 400)
      #expect(try refused.fault["param"] as? String == "output_format")
    }
  }

  @Test("writes the format and quality that are asked for")
  func formats() async throws {
    try await RunningServer.with { server in
      let answer = try await post(
        server,
        """
        {"model":"flux-1","prompt":"a cat","output_format":"jpeg","output_compression":70,
         "response_format":"b64_json"}
        """)
      #expect(String(decoding: try answer.image, as: UTF8.self).hasSuffix("jpeg|cover|70"))
      #expect(try answer.json["output_format"] as? String == "jpeg")
    }
  }

  @Test("tells a usage of zeros in the documented form")
  func usage() async throws {
    try await RunningServer.with { server in
      let usage = try #require(
        try await post(server, #"{"model":"flux-1","prompt":"a"}"#).json["usage"]
          as? [String: Any])
      let details = ["image_tokens": 0, "text_tokens": 0]
      for name in ["input_tokens", "output_tokens", "total_tokens"] {
        #expect(usage[name] as? Int == 0)
      }
      #expect(usage["input_tokens_details"] as? [String: Int] == details)
      #expect(usage["output_tokens_details"] as? [String: Int] == details)
    }
  }

  @Test("streams one completed event for each image")
  func stream() async throws {
    try await RunningServer.with { server in
      let answer = try await post(
        server,
        """
        {"model":"flux-1","prompt":"a cat","stream":true,"partial_images":0,"n":2,"seed":4,
         "size":"512x512"}
        """)
      #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
      let events = answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
      #expect(events.count == 2)
      for (index, event) in events.enumerated() {
        let lines = event.split(separator: "\n")
        #expect(lines.first == "event: image_generation.completed")
        let data = try #require(lines.last?.dropFirst("data: ".count))
        let json = try #require(
          try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
        #expect(json["type"] as? String == "image_generation.completed")
        #expect(json["seed"] as? Int == 4 + index)
        #expect(json["size"] as? String == "512x512")
        #expect(json["usage"] is [String: Any] && json["created_at"] is Int)
        let image = (json["b64_json"] as? String).flatMap { Data(base64Encoded: $0) }
        #expect(ImageHeader(Array(image ?? Data()))?.size.description == "512x512")
      }
      let fault = try await post(
        server, #"{"model":"flux-1","prompt":"a","stream":true,"size":"0x0"}"#)
      #expect(fault.status == 400 && fault.headers["content-type"] == "application/json")
    }
  }

  @Test("refuses half of a surrogate pair, and accepts a whole one")
  func surrogates() async throws {
    try await RunningServer.with { server in
      for text in [#"cat \ud83d on"#, #"\ude00"#, #"\ud83d\ud83d\ude00"#] {
        let answer = try await post(server, #"{"model":"flux-1","prompt":"\#(text)"}"#)
        #expect(
          answer.status == 400 && answer.text.contains("half of a surrogate pair"), "\(answer.text)"
        )
      }
      let answer = try await post(server, #"{"model":"flux-1","prompt":"cat \ud83d\ude00"}"#)
      #expect(answer.status == 200)
    }
  }

  @Test("refuses values out of range, and names the field")
  func faults() async throws {
    let whole = [
      (#"{"prompt":"a"}"#, "model", 400), (#"{"model":"flux-1"}"#, "prompt", 400),
      (#"{"model":"none","prompt":"a"}"#, "model", 404),
      (#"{"model":"fast-svd","prompt":"a"}"#, "model", 404),
      (#"{"model":"flux-1","prompt":["a"]}"#, "prompt", 400),
    ]
    let members = [
      (#""n":0"#, "n"), (#""n":11"#, "n"), (#""size":"2049x2048""#, "size"),
      (#""size":"16x5000""#, "size"), (#""size":"0x512""#, "size"), (#""size":"512""#, "size"),
      (#""size":"99999999999999999999x1""#, "size"), (#""size":"-1x-1""#, "size"),
      (#""guidance_scale":-1"#, "guidance_scale"), (#""guidance_scale":"high""#, "guidance_scale"),
      (#""num_inference_steps":0"#, "num_inference_steps"),
      (#""num_inference_steps":1.5"#, "num_inference_steps"),
      (#""response_format":"xml""#, "response_format"),
      (#""output_format":"gif""#, "output_format"),
      (#""output_compression":101"#, "output_compression"), (#""seed":0"#, "seed"),
      (#""background":"purple""#, "background"), (#""quality":"best""#, "quality"),
      (#""style":"anime""#, "style"), (#""moderation":"off""#, "moderation"),
      (#""partial_images":4"#, "partial_images"),
      (#""stream":true,"response_format":"url""#, "response_format"),
    ].map { (#"{"model":"flux-1","prompt":"a",\#($0.0)}"#, $0.1, 400) }
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) { server in
      for (json, field, status) in whole + members {
        let answer = try await post(server, json)
        #expect(answer.status == status, "\(json)")
        let fault = try answer.fault
        #expect(fault["param"] as? String == field, "\(json): \(fault)")
        #expect(fault["type"] as? String == "invalid_request_error")
        #expect((fault["message"] as? String)?.contains(field) == true)
      }
      let variations = try await server.post(
        "/v1/images/variations", FormWriter().adding("image", file: [1]))
      #expect(variations.status == 400)
      #expect((try variations.fault["message"] as? String)?.contains("variations") == true)
    }
    #expect(engine.begun.withLock { $0 } == 0)
  }

  @Test("takes what cannot change the picture")
  func tolerance() async throws {
    try await RunningServer.with { server in
      for member in [
        #""quality":"hd""#, #""quality":"auto""#, #""style":"vivid""#, #""moderation":"low""#,
        #""user":"me""#, #""partial_images":2"#, #""background":"opaque""#, #""unknown":{"a":1}"#,
        #""stream":false"#,
      ] {
        let answer = try await post(server, #"{"model":"flux-1","prompt":"a",\#(member)}"#)
        #expect(answer.status == 200, "\(member): \(answer.text)")
      }
    }
  }

  @Test("costs the style's price for each image")
  func prices() async throws {
    try await RunningServer.with {
      $0.authentication = .listed(
        TokenList(entries: [Authentication.digest(of: "alice"): .init(balance: 40)]))
    } _: { server in
      let pair = #"{"model":"flux-1","prompt":"a","n":2}"#
      #expect(try await post(server, pair, token: "alice").status == 200)
      let refused = try await post(server, pair, token: "alice")
      #expect(refused.status == 402)
      let cutout = #"{"model":"flux-1","prompt":"a","background":"transparent"}"#
      #expect(try await post(server, cutout, token: "alice").status == 200)
      #expect(
        try await server.store.balance(of: Authentication.digest(of: "alice")) == 40 - 30 - 5)
    }
  }

  @Test("lists its models and their aliases, and accepts both")
  func models() async throws {
    try await RunningServer.with {
      $0.modelAliases = ["gpt-image-2": "flux-1", "sora-2": "fast-svd"]
    } _: { server in
      let list = try await server.send(.get, "/v1/models").images
      #expect(
        list.compactMap { $0["id"] as? String } == ["flux-1", "fast-svd", "gpt-image-2", "sora-2"])
      for id in ["flux-1", "gpt-image-2", "sora-2"] {
        let model = try await server.send(.get, "/v1/models/\(id)").json
        #expect(model["id"] as? String == id)
        #expect(model["object"] as? String == "model")
      }
      for (id, key) in [("flux-1", "url"), ("gpt-image-2", "b64_json")] {
        let answer = try await post(server, #"{"model":"\#(id)","prompt":"a"}"#)
        #expect(try answer.images.first?[key] is String)
      }
    }
  }
}

extension RunningServer {
  func postJSON(_ path: String, _ json: String, token: String? = "test") async throws -> Answer {
    try await send(
      .post, path, token: token, headers: [("Content-Type", "application/json")],
      body: Array(json.utf8))
  }
}

extension Answer {
  /// The entries of an OpenAI-style list.
  var images: [[String: Any]] {
    get throws {
      try #require(try json["data"] as? [[String: Any]], "\(text.prefix(300))")
    }
  }

  /// The bytes of the only image.
  var image: [UInt8] {
    get throws {
      let text = try #require(try images.first?["b64_json"] as? String)
      return [UInt8](try #require(Data(base64Encoded: text)))
    }
  }

  /// An OpenAI-style error.
  var fault: [String: Any] {
    get throws {
      try #require(try json["error"] as? [String: Any], "\(text.prefix(300))")
    }
  }
}
