import Foundation
import ImagineAPI
import Testing

@testable import ImagineServer

@Suite("The OpenAI-style videos API")
struct OpenAIVideoTests {
  private let path = "/v1/videos"

  private func create(
    _ server: RunningServer, _ json: String, token: String = "test"
  ) async throws -> [String: Any] {
    let answer = try await server.postJSON(path, json, token: token)
    #expect(answer.status == 200, "\(answer.text)")
    return try answer.json
  }

  private func video(
    _ server: RunningServer, _ id: String, until states: Set<String>
  ) async throws -> [String: Any] {
    try await eventually {
      let video = try await server.send(.get, "\(path)/\(id)").json
      return states.contains(video["status"] as? String ?? "") ? video : nil
    }
  }

  @Test("is accepted at once, is polled, fetched and deleted")
  func life() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      let job = try await create(
        server, #"{"model":"fast-svd","prompt":"waves","seconds":"4","size":"432x768","seed":9}"#)
      let id = try #require(job["id"] as? String)
      #expect(job["object"] as? String == "video" && job["model"] as? String == "fast-svd")
      #expect(job["seconds"] as? String == "4" && job["size"] as? String == "432x768")
      #expect(job["prompt"] as? String == "waves" && job["error"] is NSNull)
      #expect(job["created_at"] is Int && job["completed_at"] is NSNull)
      let working = try await video(server, id, until: ["in_progress"])
      #expect((0...100).contains(working["progress"] as? Int ?? -1))
      let early = try await server.send(.get, "\(path)/\(id)/content")
      #expect(early.status == 404 && early.text.contains("in_progress"))
      engine.videoGate.open()
      let done = try await video(server, id, until: ["completed"])
      #expect(done["progress"] as? Int == 100)
      let (created, completed, expires) = (
        try #require(done["created_at"] as? Int), try #require(done["completed_at"] as? Int),
        try #require(done["expires_at"] as? Int)
      )
      #expect(created <= completed && expires == completed + 30 * 86400)
      let file = try await server.send(.get, "\(path)/\(id)/content")
      #expect(file.text == "video of waves, seed 9" && file.headers["content-type"] == "video/mp4")
      let part = try await server.send(
        .get, "\(path)/\(id)/content?variant=video", headers: [("Range", "bytes=0-4")])
      #expect(part.status == 206 && part.text == "video")
      let thumbnail = try await server.send(.get, "\(path)/\(id)/content?variant=thumbnail")
      #expect(
        thumbnail.text == "thumbnail of waves" && thumbnail.headers["content-type"] == "image/jpeg")
      let sheet = try await server.send(.get, "\(path)/\(id)/content?variant=spritesheet")
      #expect(try sheet.fault["param"] as? String == "variant")
      let deleted = try await server.send(.delete, "\(path)/\(id)").json
      #expect(deleted["id"] as? String == id && deleted["deleted"] as? Bool == true)
      #expect(deleted["object"] as? String == "video.deleted")
      for route in ["", "/content"] {
        #expect(try await server.send(.get, "\(path)/\(id)\(route)").status == 404)
      }
      #expect(try await server.send(.delete, "\(path)/\(id)").status == 404)
    }
  }

  @Test("is made from an image, in its shape or another, from a form or from JSON")
  func references() async throws {
    try await RunningServer.with { server in
      let image = StubEngine.png(PixelSize(width: 40, height: 64))
      let form = FormWriter(["prompt": "zoom", "seconds": "4"])
        .adding("input_reference", file: image)
      for (form, size, shape) in [
        (form, "432x768", "9:16"), (form.adding("size", "576x576"), "576x576", "1:1"),
      ] {
        let job = try await server.post(path, form).json
        #expect(job["size"] as? String == size)
        let id = try #require(job["id"] as? String)
        _ = try await video(server, id, until: ["completed"])
        let file = try await server.send(.get, "\(path)/\(id)/content")
        #expect(file.text.hasPrefix("video of zoom from \(image.count) bytes in \(shape)"))
      }
      let url = "data:image/png;base64,\(Data(image).base64EncodedString())"
      let job = try await create(
        server, #"{"prompt":"zoom","seconds":4,"input_reference":{"image_url":"\#(url)"}}"#)
      #expect(job["size"] as? String == "432x768")
    }
  }

  @Test("that fails says why")
  func failure() async throws {
    try await RunningServer.with { server in
      let id = try #require(
        try await create(server, #"{"prompt":"unusable"}"#)["id"] as? String)
      let failed = try await video(server, id, until: ["failed"])
      let fault = try #require(failed["error"] as? [String: Any])
      #expect(fault["code"] as? String == "video_generation_failed")
      #expect((fault["message"] as? String)?.contains("damaged") == true)
    }
  }

  @Test("lists the caller's videos page by page, newest or oldest first")
  func lists() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      var ids: [String] = []
      for number in 0..<5 {
        let job = try await create(server, #"{"prompt":"film \#(number)"}"#)
        ids.append(try #require(job["id"] as? String))
      }
      _ = try await create(server, #"{"prompt":"other"}"#, token: "other")
      func page(_ query: String) async throws -> (ids: [String], hasMore: Bool, last: String?) {
        let answer = try await server.send(.get, "\(path)?\(query)")
        let json = try answer.json
        #expect(json["object"] as? String == "list")
        return (
          try answer.images.compactMap { $0["id"] as? String }, json["has_more"] as? Bool ?? false,
          json["last_id"] as? String
        )
      }
      #expect(try await page("").ids == ids.reversed())
      #expect(try await page("order=asc").ids == ids)
      var walked: [String] = []
      var query = "limit=2"
      while true {
        let (some, hasMore, last) = try await page(query)
        walked += some
        #expect(last == some.last && some.count <= 2)
        guard hasMore, let last else { break }
        query = "limit=2&after=\(last)"
      }
      #expect(walked == ids.reversed())
      let end = try await page("order=asc&after=\(ids[4])")
      #expect(end.ids.isEmpty && !end.hasMore && end.last == nil)
      for (query, field) in [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("order=up", "order"),
        ("after=none", "after"),
      ] {
        let answer = try await server.send(.get, "\(path)?\(query)")
        #expect(answer.status == 400)
        #expect(try answer.fault["param"] as? String == field, "\(answer.text)")
      }
      // A job of the other API is one of this one too.
      let other = try await server.submitVideo("waves")
      #expect(try await page("limit=1").ids == [other])
    }
  }

  @Test("refuses what the engine does not make, and names what is allowed")
  func faults() async throws {
    let cases = [
      (#"{}"#, "prompt", ""), (#"{"prompt":"a","seconds":"8"}"#, "seconds", "expected 4"),
      (#"{"prompt":"a","size":"1280x720"}"#, "size", "768x432"),
      (#"{"prompt":"a","input_reference":{"file_id":"f"}}"#, "input_reference", "base64"),
      (#"{"prompt":"a","input_reference":"bm8="}"#, "input_reference", "PNG"),
      (#"{"prompt":"a","seed":0}"#, "seed", "at least 1"),
    ]
    try await RunningServer.with { server in
      for (json, field, words) in cases {
        let answer = try await server.postJSON(path, json)
        #expect(answer.status == 400, "\(json)")
        let fault = try answer.fault
        #expect(fault["param"] as? String == field, "\(fault)")
        #expect((fault["message"] as? String)?.contains(words) == true || words.isEmpty, "\(fault)")
      }
      let model = try await server.postJSON(path, #"{"prompt":"a","model":"flux-1"}"#)
      #expect(model.status == 404)
      #expect(try model.fault["param"] as? String == "model")
      let id = try #require(try await create(server, #"{"prompt":"mine"}"#)["id"] as? String)
      for route in ["\(path)/\(id)", "\(path)/\(id)/content"] {
        #expect(try await server.send(.get, route, token: "other").status == 404)
      }
      #expect(try await server.send(.delete, "\(path)/\(id)", token: "other").status == 404)
    }
  }
}
