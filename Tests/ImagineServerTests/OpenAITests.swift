import Foundation
import ImagineAPI
import MediaFiles
import Testing

@testable import ImagineServer

@Suite("The OpenAI-style images API")
struct OpenAITests {
  private func post(_ server: RunningServer, _ json: String) async throws -> Answer {
    try await server.send(
      .post, "/v1/images/generations", headers: [("Content-Type", "application/json")],
      body: Array(json.utf8))
  }

  private func data(_ answer: Answer) throws -> [[String: Any]] {
    try #require(try answer.json["data"] as? [[String: Any]], "\(answer.text.prefix(300))")
  }

  @Test("returns as many addresses as requested, each of a different image")
  func addresses() async throws {
    try await RunningServer.with { server in
      let answer = try await post(server, #"{"model":"flux-1","prompt":"a cat","n":3}"#)
      #expect(answer.status == 200)
      #expect(try answer.json["created"] is Int)
      var images: Set<[UInt8]> = []
      for entry in try data(answer) {
        #expect(entry.count == 1)
        let image = try await server.send(.get, #require(entry["url"] as? String), token: nil)
        #expect(image.headers["content-type"] == "image/png")
        #expect(ImageHeader(image.bytes)?.size == PixelSize(width: 1024, height: 1024))
        images.insert(image.bytes)
      }
      #expect(images.count == 3)
    }
  }

  @Test("returns base64 in each of its sizes")
  func base64() async throws {
    try await RunningServer.with { server in
      for size in OpenAISize.allCases {
        let answer = try await post(
          server,
          """
          {"model":"flux-1","prompt":"a cat","size":"\(size.name)","guidance_scale":3.5,
           "num_inference_steps":30,"response_format":"b64_json","user":"x","extra":{"a":[1]},
           "quality":null}
          """)
        let text = try #require(try data(answer).first?["b64_json"] as? String)
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        #expect(ImageHeader(bytes)?.size == size.pixels)
      }
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
    let cases = [
      (#"{"prompt":"a"}"#, "model", 400), (#"{"model":"flux-1"}"#, "prompt", 400),
      (#"{"model":"none","prompt":"a"}"#, "model", 404),
      (#"{"model":"flux-1","prompt":"a","n":0}"#, "n", 400),
      (#"{"model":"flux-1","prompt":"a","n":11}"#, "n", 400),
      (#"{"model":"flux-1","prompt":"a","size":"2048x2048"}"#, "size", 400),
      (#"{"model":"flux-1","prompt":"a","guidance_scale":-1}"#, "guidance_scale", 400),
      (#"{"model":"flux-1","prompt":"a","guidance_scale":"high"}"#, "guidance_scale", 400),
      (#"{"model":"flux-1","prompt":"a","num_inference_steps":0}"#, "num_inference_steps", 400),
      (#"{"model":"flux-1","prompt":"a","num_inference_steps":1.5}"#, "num_inference_steps", 400),
      (#"{"model":"flux-1","prompt":"a","response_format":"xml"}"#, "response_format", 400),
      (#"{"model":"flux-1","prompt":["a"]}"#, "prompt", 400),
    ]
    try await RunningServer.with { server in
      for (json, field, status) in cases {
        let answer = try await post(server, json)
        #expect(answer.status == status)
        let fault = try #require(try answer.json["error"] as? [String: Any])
        #expect(fault["param"] as? String == field)
        #expect(fault["type"] as? String == "invalid_request_error")
        #expect((fault["message"] as? String)?.contains(field) == true)
      }
    }
  }

  @Test("lists its models and their aliases, and accepts both")
  func models() async throws {
    try await RunningServer.with {
      $0.modelAliases = ["gpt-image-2": "flux-1"]
    } _: { server in
      let list = try data(try await server.send(.get, "/v1/models"))
      #expect(list.compactMap { $0["id"] as? String } == ["flux-1", "gpt-image-2"])
      for id in ["flux-1", "gpt-image-2"] {
        let model = try await server.send(.get, "/v1/models/\(id)").json
        #expect(model["id"] as? String == id)
        #expect(model["object"] as? String == "model")
        #expect(try await post(server, #"{"model":"\#(id)","prompt":"a"}"#).status == 200)
      }
    }
  }
}
