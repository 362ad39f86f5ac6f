import Foundation
import ImagineTestSupport
import ImagineTesting
import Synchronization

/// A service with the Imagine API's videos, which are finished when a test says so.
final class VideoUpstream: Sendable {
  private struct State {
    var submissions = 0
    var questions: [String: Int] = [:]
    var deleted: [String] = []
    var isFinished = false
  }

  private final class Record: Sendable {
    let state = Mutex(State())
    let address = Mutex("")
  }

  private let record = Record()
  private let server: StubServer

  /// - Parameter submission: in place of the answer with an id.
  init(
    video: [UInt8] = SampleMedia.mp4, thumbnail: [UInt8]? = SampleMedia.jpeg,
    submission: (@Sendable (Int) -> StubServer.Answer?)? = nil
  ) async throws {
    let record = record
    server = try await StubServer { request in
      let words = request.target.split(separator: "/").map(String.init)
      switch (request.method, words.dropFirst().first, words.last) {
      case ("POST", "video", _):
        let number = record.state.withLock { state in
          state.submissions += 1
          return state.submissions
        }
        return submission?(number)
          ?? .json(200, "{\"id\":\"job-\(number)\",\"status\":\"processing\"}")
      case ("GET", "assets", "status"):
        return Self.status(of: words[2], record, hasThumbnail: thumbnail != nil)
      case ("DELETE", "video", let id?):
        record.state.withLock { $0.deleted.append(id) }
        return .json(200, "{\"status\":\"success\"}")
      case ("GET", _, "video.mp4"): return .full(status: 200, body: video)
      case ("GET", _, "thumbnail.jpg"): return .full(status: 200, body: thumbnail ?? [])
      default: return .json(404, "{}")
      }
    }
    record.address.withLock { [server] in $0 = server.address }
  }

  private static func status(
    of id: String, _ record: Record, hasThumbnail: Bool
  ) -> StubServer.Answer {
    let isFinished = record.state.withLock { state in
      state.questions[id, default: 0] += 1
      return state.isFinished
    }
    let address = record.address.withLock { $0 }
    let thumbnail = hasThumbnail ? "\"\(address)/f/thumbnail.jpg\"" : "null"
    let url =
      isFinished
      ? "{\"generation\":\"\(address)/f/video.mp4\",\"thumbnail\":\(thumbnail)}"
      : "{\"generation\":null,\"thumbnail\":null}"
    let state = isFinished ? "finished" : "processing"
    return .json(
      200,
      """
      {"status":"success","video":{"uuid":"\(id)","status":"\(state)","progress":0.25,"url":\(url)}}
      """)
  }

  var address: String { server.address }
  var submissions: Int { record.state.withLock { $0.submissions } }
  var deleted: [String] { record.state.withLock { $0.deleted } }
  func questions(about id: String) -> Int { record.state.withLock { $0.questions[id] ?? 0 } }
  func finishAll() { record.state.withLock { $0.isFinished = true } }

  /// Its lines in a settings file.
  func settings(_ more: String, name: String = "studio") -> String {
    UpstreamStub.settings(more, name: name, kind: "imagine", address: "\(address)/v2")
  }
}
