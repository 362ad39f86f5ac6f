import Foundation
import ImagineAPI
import MediaFiles
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A fault plan")
struct FaultPlanTests {
  private let path = "/v2/image/generations"
  private let form = FormWriter(["prompt": "a cat", "style": "anime", "seed": "1"])

  private func plan(_ change: (inout FaultPlan.Fault) -> Void) -> FaultPlan {
    var fault = FaultPlan.Fault(route: path)
    change(&fault)
    return FaultPlan(faults: [fault])
  }

  private func charges(_ server: RunningServer) async throws -> Int {
    try #require(try await server.send(.get, "/x/rehearsal").json["charges"] as? Int)
  }

  @Test("lets calls succeed, then fails as many as planned, then lets them succeed again")
  func window() async throws {
    try await RunningServer.with {
      $0.faultPlan = plan { fault in
        fault.after = 1
        fault.count = 2
        fault.code = 1202
        fault.retryAfter = 3
      }
    } _: { server in
      var statuses: [Int] = []
      for _ in 0..<4 {
        let answer = try await server.post(path, form)
        statuses.append(answer.status)
        if answer.status == 429 {
          #expect(answer.code == 1202)
          #expect(answer.headers["retry-after"] == "3")
        }
      }
      #expect(statuses == [200, 429, 429, 200])
      #expect(try await charges(server) == 2)
    }
  }

  @Test("can produce every row of the error table")
  func table() async throws {
    let faults = APIErrorCode.all.enumerated().map { number, row in
      var fault = FaultPlan.Fault(route: path)
      fault.after = number
      fault.count = 1
      fault.code = row.code
      return fault
    }
    try await RunningServer.with {
      $0.faultPlan = FaultPlan(faults: faults)
    } _: { server in
      for row in APIErrorCode.all {
        let answer = try await server.post(path, form)
        #expect(answer.status == row.status)
        #expect(answer.code == row.code)
        #expect(try answer.json["error"] as? String == row.name)
      }
      #expect(try await charges(server) == 0)
    }
  }

  @Test("answers a status without a code like a proxy, without JSON")
  func bareStatus() async throws {
    try await RunningServer.with {
      $0.faultPlan = plan { $0.status = 502 }
    } _: { server in
      let answer = try await server.post(path, form)
      #expect(answer.status == 502)
      #expect(answer.headers["content-type"] == "text/plain")
    }
  }

  @Test("can close the connection before the work, uncharged, or after it, charged")
  func closing() async throws {
    for (close, expected) in [(FaultPlan.Close.before, 0), (.after, 1)] {
      let engine = StubEngine()
      try await RunningServer.with(engine: engine) {
        $0.faultPlan = plan { $0.close = close }
      } _: { server in
        let connection = try await RawConnection(to: server.address)
        try await connection.write(request)
        #expect(try await connection.readToEnd() == "")
        #expect(engine.painted.withLock { $0 } == expected)
        #expect(try await charges(server) == expected)
      }
    }
  }

  @Test("can cut an answer in half, or stall it; the work is charged")
  func brokenBodies() async throws {
    for way in FaultPlan.Body.allCases {
      try await RunningServer.with {
        $0.faultPlan = plan { $0.body = way }
      } _: { server in
        let connection = try await RawConnection(to: server.address)
        try await connection.write(request)
        var text = ""
        while !text.contains("\r\n\r\n") || text.hasSuffix("\r\n\r\n") {
          let piece = try await connection.read()
          if piece.isEmpty { break }
          text += String(decoding: piece, as: Unicode.ASCII.self)
        }
        if way == .cut { text += try await connection.readToEnd() }
        let announced = text.firstMatch(of: /Content-Length: (\d+)/)
        let length = try #require(announced.flatMap { Int($0.1) })
        let body = try #require(text.split(separator: "\r\n\r\n", maxSplits: 1).last)
        #expect(body.unicodeScalars.count == length / 2)
        #expect(try await charges(server) == 1)
      }
    }
  }

  @Test("can duplicate a request: done and charged twice, answered once")
  func duplicates() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      $0.faultPlan = plan { fault in
        fault.duplicate = true
        fault.count = 1
      }
    } _: { server in
      let answer = try await server.post(path, form)
      #expect(answer.status == 200)
      #expect(engine.painted.withLock { $0 } == 2)
      #expect(try await charges(server) == 2)
    }
  }

  @Test("counts charges per token and route")
  func counting() async throws {
    try await RunningServer.with {
      $0.faultPlan = FaultPlan()
    } _: { server in
      _ = try await server.post(path, form)
      _ = try await server.post(path, form, token: "other")
      _ = try await server.submitVideo("waves")
      _ = try await server.post(path, FormWriter(["prompt": "crash", "style": "anime"]))
      let answer = try await server.send(.get, "/x/rehearsal").json
      #expect(answer["charges"] as? Int == 2)
      #expect(
        answer["by_route"] as? [String: Int] == [path: 1, "/v2/video/text-to-video": 1])
    }
  }

  @Test("is read from a file, and unknown keys are errors")
  func file() throws {
    let plan = try FaultPlan(
      toml: """
        paint = "card"
        [[fault]]
        route = "/v2/video/*/status"
        method = "get"
        after = 1
        count = 2
        status = 429
        code = 1202
        retry_after = 1.5
        delay = 2
        [[fault]]
        route = "/v1/images/generations"
        body = "stall"
        close = "after"
        duplicate = true
        """)
    #expect(plan.paint == .card)
    var first = FaultPlan.Fault(route: "/v2/video/*/status")
    (first.method, first.after, first.count) = ("GET", 1, 2)
    (first.status, first.code, first.retryAfter, first.delay) = (429, 1202, 1.5, 2)
    var second = FaultPlan.Fault(route: "/v1/images/generations")
    (second.body, second.close, second.duplicate) = (.stall, .after, true)
    #expect(plan.faults == [first, second])
    #expect(first.matches(method: "GET", path: "/v2/video/abc/status"))
    #expect(!first.matches(method: "POST", path: "/v2/video/abc/status"))
    #expect(!first.matches(method: "GET", path: "/v2/video/abc"))
  }

  @Test(
    "with a mistake is refused with a message that names it",
    arguments: [
      ("[[fault]]\nstatus = 500", "route"), ("[[fault]]\nroute = \"/x\"", "no effect"),
      ("[[fault]]\nroute = \"/x\"\nstatsu = 500", "statsu"),
      ("[[fault]]\nroute = \"/x\"\nbody = \"half\"", "body"),
      ("[[fault]]\nroute = \"/x\"\nclose = true", "close"),
      ("[[fault]]\nroute = \"/x\"\nstatus = 42", "status"),
      ("[[fault]]\nroute = \"/x\"\ncode = 42", "status"),
      ("[[fault]]\nroute = \"/x\"\ndelay = 1\nretry_after = 1", "retry_after"),
      ("[[fault]]\nroute = \"/x\"\ndelay = 1e300", "delay"),
      ("[[fault]]\nroute = \"/x\"\nstatus = 503\nretry_after = 1e300", "retry_after"),
      ("paint = \"cards\"", "card"), ("fault = 1", "[[fault]]"),
    ])
  func faults(text: String, word: String) {
    let fault = #expect(throws: SettingsError.self) { try FaultPlan(toml: text) }
    #expect(fault?.description.contains(word) == true, "\(fault?.description ?? "")")
  }

  @Test("paints placeholders of the right size with prompt and seed, the same for an equal request")
  func cards() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      $0.faultPlan = FaultPlan(paint: .card)
    } _: { server in
      for ratio in AspectRatio.allCases {
        let form = FormWriter([
          "prompt": "猫 a cat", "style": "anime", "aspect_ratio": ratio.rawValue, "seed": "77",
        ])
        let card = try await server.post(path, form)
        #expect(ImageHeader(card.bytes)?.size == ratio.pixelSize)
        #expect(card.text.contains("猫 a cat"))
        #expect(card.text.contains("seed\0\0\0\0\u{0}77"))
        #expect(try await server.post(path, form).bytes == card.bytes)
      }
      #expect(engine.painted.withLock { $0 } == 0)
    }
  }

  @Test("paints a placeholder of the longest prompt", .timeLimit(.minutes(2)))
  func longPrompt() async throws {
    try await RunningServer.with {
      $0.faultPlan = FaultPlan(paint: .card)
    } _: { server in
      let prompt = String(repeating: "x", count: 32_000)
      let card = try await server.post(
        path, FormWriter(["prompt": prompt, "style": "anime", "seed": "1"]))
      #expect(ImageHeader(card.bytes) != nil)
    }
  }

  @Test("makes one placeholder video, and uses it for every job")
  func cardFilms() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      $0.faultPlan = FaultPlan(paint: .card)
    } _: { server in
      for prompt in ["waves", "clouds", "fire"] {
        _ = try await server.video(server.submitVideo(prompt), until: ["finished"])
      }
      #expect(engine.videosBegun.withLock { $0 } == 1)
    }
  }

  private var request: String {
    let body = String(decoding: form.bytes, as: UTF8.self)
    return "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test\r\n"
      + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}
