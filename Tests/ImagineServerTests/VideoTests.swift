import Crypto
import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A video")
struct VideoTests {
  @Test("is accepted at once, and its status reports the progress and then the address")
  func life() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      let id = try await server.submitVideo("waves")
      let working = try await server.video(id, until: ["processing"])
      #expect(working["uuid"] as? String == id)
      let created = try #require(working["created_at"] as? String)
      #expect(created.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
      #expect((working["url"] as? [String: Any])?["generation"] is NSNull)
      engine.videoGate.open()
      let done = try await server.video(id, until: ["finished"])
      let url = try #require(done["url"] as? [String: Any])
      let video = try await server.send(.get, #require(url["generation"] as? String), token: nil)
      #expect(video.text.hasPrefix("video of waves"))
      #expect(video.headers["content-type"] == "video/mp4")
      let thumbnail = try await server.send(.get, #require(url["thumbnail"] as? String), token: nil)
      #expect(thumbnail.text == "thumbnail of waves")
      for path in ["/v2/video/\(id)/status", "/v2/video/status/\(id)", "/v2/assets/\(id)/status"] {
        #expect(try await server.send(.get, path).text.contains("\"finished\""))
      }
      #expect(try await server.send(.post, "/v2/assets/\(id)/status").status == 200)
    }
  }

  @Test("can be made from an image, sent as 'file' or 'image', in its shape or another")
  func animation() async throws {
    try await RunningServer.with { server in
      let image = StubEngine.png(PixelSize(width: 64, height: 32))
      for (field, shape, words) in [
        ("file", nil, "in its shape"), ("image", "9:16", "in 9:16"),
      ] {
        var form = FormWriter(["prompt": "zoom", "style": "fast-svd"])
        form.add(field, file: image)
        if let shape { form.add("aspect_ratio", shape) }
        let answer = try await server.post("/v2/video/image-to-video", form)
        let id = try #require(try answer.json["id"] as? String, "\(answer.text)")
        let done = try await server.video(id, until: ["finished"])
        let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
        let video = try await server.send(.get, address, token: nil)
        #expect(video.text.hasPrefix("video of zoom from \(image.count) bytes \(words)"))
      }
    }
  }

  @Test("that cannot be made fails with a reason")
  func failure() async throws {
    try await RunningServer.with { server in
      let video = try await server.video(
        server.submitVideo("crash"), until: ["failed", "finished"])
      #expect(video["status"] as? String == "failed")
      #expect((video["error"] as? String)?.isEmpty == false)
    }
  }

  @Test("fails when it exceeds its time limit")
  func timeLimit() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.videoSeconds = 0.05
    } _: { server in
      let video = try await server.video(server.submitVideo("slow"), until: ["failed"])
      #expect((video["error"] as? String)?.contains("longer") == true)
    }
  }

  @Test("belongs to its token: for another token it does not exist")
  func ownership() async throws {
    try await RunningServer.with { server in
      let id = try await server.submitVideo("secret", token: "alice")
      #expect(try await server.send(.get, "/v2/video/\(id)/status", token: "bob").status == 404)
      #expect(try await server.send(.delete, "/v2/video/\(id)", token: "bob").status == 404)
      #expect(try await server.send(.get, "/v2/video/\(id)/status", token: "alice").status == 200)
    }
  }

  @Test("can be deleted by both routes, with its files and its address")
  func deletion() async throws {
    try await RunningServer.with { server in
      for route in ["/v2/video/", "/v2/video/delete/"] {
        let id = try await server.submitVideo("waves")
        let done = try await server.video(id, until: ["finished"])
        let address = (done["url"] as? [String: Any])?["generation"] as? String
        let answer = try await server.send(.delete, route + id)
        #expect(
          try answer.json as? [String: String] == [
            "message": "video deleted", "status": "success",
          ])
        #expect(try await server.send(.get, "/v2/video/\(id)/status").status == 404)
        #expect(try await server.send(.get, #require(address), token: nil).status == 404)
        _ = try await eventually {
          FileManager.default.fileExists(atPath: "\(server.home.path)/jobs/\(id)") ? nil : true
        }
      }
    }
  }

  @Test("stops being made when it is deleted")
  func deletionStops() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) { server in
      let id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["processing"])
      #expect(try await server.send(.delete, "/v2/video/\(id)").status == 200)
      _ = try await eventually { engine.videosStopped.withLock { $0 } == 1 ? true : nil }
      _ = try await eventually {
        FileManager.default.fileExists(atPath: "\(server.home.path)/jobs/\(id)") ? nil : true
      }
    }
  }

  @Test("is continued by the next server after a shutdown, and counts as one attempt")
  func handover() async throws {
    let home = try TemporaryFolder()
    let stuck = StubEngine(videoGate: .init(open: false))
    var id = ""
    try await RunningServer.with(engine: stuck, home: home) { server in
      id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["processing"])
    }
    try await RunningServer.with(home: home) { server in
      _ = try await server.video(id, until: ["finished"])
      let job = try await server.store.job(id: id, owner: Authentication.digest(of: "test"))
      #expect(job?.attempts == 1)
    }
  }

  @Test("is refused with 1202 if the queue is full")
  func queueLimit() async throws {
    let engine = StubEngine(videoGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      $0.limits.videoQueue = 2
    } _: { server in
      _ = try await server.submitVideo("one")
      _ = try await server.submitVideo("two")
      let answer = try await server.post(
        "/v2/video/text-to-video", FormWriter(["prompt": "three", "style": "fast-svd"]))
      #expect(answer.status == 429)
      #expect(answer.code == 1202)
      #expect(answer.headers["retry-after"] != nil)
      let counts = try await server.store.jobCounts()
      #expect(counts.queued + counts.processing == 2)
    }
  }
}

@Suite("The address of a video")
struct MediaTests {
  private func finished(_ server: RunningServer) async throws -> (address: String, bytes: [UInt8]) {
    let done = try await server.video(server.submitVideo("waves"), until: ["finished"])
    let address = try #require((done["url"] as? [String: Any])?["generation"] as? String)
    return (address, try await server.send(.get, address, token: nil).bytes)
  }

  @Test("serves ranges, so that a download can be resumed")
  func ranges() async throws {
    try await RunningServer.with { server in
      let (address, whole) = try await finished(server)
      let part = try await server.send(.get, address, token: nil, headers: [("Range", "bytes=5-")])
      #expect(part.status == 206)
      #expect(part.bytes == Array(whole[5...]))
      #expect(
        part.headers["content-range"]
          == "bytes 5-\(whole.count - 1)/\(whole.count)")
      let beyond = try await server.send(
        .get, address, token: nil, headers: [("Range", "bytes=9999-")])
      #expect(beyond.status == 416)
      #expect(beyond.code == 1100)
      let changed = try await server.send(
        .get, address, token: nil, headers: [("Range", "bytes=5-"), ("If-Range", "\"other\"")])
      #expect(changed.status == 200)
      let head = try await server.send(.head, address, token: nil)
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == String(whole.count))
    }
  }

  @Test("cannot be guessed, altered, or used for another file")
  func signature() async throws {
    try await RunningServer.with { server in
      let (address, _) = try await finished(server)
      let thumbnail = address.replacing("video.mp4", with: "thumbnail.jpg")
      let later = address.replacing("expires=", with: "expires=9")
      let bare = String(address.prefix { $0 != "?" })
      for wrong in [thumbnail, later, bare, address + "00", String(address.dropLast(2))] {
        let answer = try await server.send(.get, wrong, token: "test")
        #expect(answer.status == 404)
        #expect(answer.code == 1100)
      }
    }
  }

  @Test("expires")
  func expiry() throws {
    let clock = TestClock(1_000)
    let key = LinkKey(id: "a", bytes: Array(repeating: 1, count: 32), createdAt: 0)
    let made = MediaLinks([key], lifetime: 60, now: { clock.seconds })
    let links = try #require(made)
    let address = links.path("id", .video)
    let query = Dictionary(
      uniqueKeysWithValues: address.split(separator: "?")[1].split(separator: "&").map {
        let pair = $0.split(separator: "=")
        return (pair[0], pair[1])
      })
    func works() -> Bool {
      links.allows(
        "id", .video, expires: query["expires"], key: query["key"], signature: query["signature"])
    }
    #expect(works())
    clock.seconds = 1_059
    #expect(works())
    clock.seconds = 1_061
    #expect(!works())
  }

  @Test("contains the host of the request, or the server's own if there is none")
  func host() async throws {
    try await RunningServer.with { server in
      let id = try await server.submitVideo("waves")
      _ = try await server.video(id, until: ["finished"])
      for (host, expected) in [
        ("images:81", "http://images:81/media/"), ("", server.address + "/media/"),
      ] {
        let connection = try await RawConnection(to: server.address)
        try await connection.write(
          "GET /v2/video/\(id)/status HTTP/1.1\r\nHost: \(host)\r\n"
            + "Authorization: Bearer test\r\nConnection: close\r\n\r\n")
        #expect(try await connection.readToEnd().contains("\"\(expected)"))
      }
    }
  }

  @Test(
    "parses ranges as in RFC 9110",
    arguments: [
      (nil as String?, ByteRange.whole), ("bytes=0-0", ByteRange.part(0...0)),
      ("bytes=5-", .part(5...9)), ("bytes=-3", .part(7...9)),
      ("bytes=-30", .part(0...9)), ("bytes=2-99", .part(2...9)), ("bytes=10-", .unsatisfiable),
      ("bytes=-0", .unsatisfiable), ("bytes=5-2", .whole), ("bytes=a-b", .whole),
      ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole), ("bytes=", .whole), ("bytes=-", .whole),
      ("bytes=99999999999999999999-", .whole),
    ])
  func parsing(header: String?, expected: ByteRange) {
    #expect(ByteRange(header, size: 10) == expected)
  }
}
