import ImagineCore
import Testing

@testable import ImagineClient

@Suite("Every documented form of an answer is read")
struct ServiceAnswerTests {
  private func read(_ json: String) -> JobStatus? {
    ServiceAnswer.status(Array(json.utf8), id: "7")
  }

  @Test("the first status body")
  func first() throws {
    let status = try #require(
      read(
        """
        {"status":"success","video":{"uuid":"7","created_at":"2025-03-04T07:09:25.048523Z",
        "status":"finished","url":{"generation":"https://a/v.mp4","thumbnail":"https://a/t.jpg"}}}
        """))
    #expect(status.state == .finished)
    #expect(status.videoAddress == "https://a/v.mp4")
    #expect(status.thumbnailAddress == "https://a/t.jpg")
    #expect(status.createdAt == "2025-03-04T07:09:25.048523Z")
  }

  @Test("the second status body")
  func second() throws {
    let status = try #require(
      read(
        """
        {"status":"success","video":{"id":1265,"code":2,"created_at":"x","settings":{},
        "url":{"generation":["https://a/v.mp4"],"thumbnail":null}}}
        """))
    #expect(status.state == .finished)
    #expect(status.videoAddress == "https://a/v.mp4")
    #expect(status.thumbnailAddress == nil)
  }

  @Test(
    "the state of the job is the video's, not the root's",
    arguments: [
      (#""status":"processing""#, JobState.processing), (#""status":"pending""#, .queued),
      (#""status":"queued""#, .queued), (#""status":"Completed""#, .finished),
      (#""status":"succeeded""#, .finished), (#""status":"success""#, .finished),
      (#""status":"ready""#, .finished), (#""status":"failed""#, .failed),
      (#""status":"error""#, .failed), (#""status":"cancelled""#, .cancelled),
      (#""code":3"#, .failed), (#""code":"2""#, .finished), (#""code":1"#, .processing),
      (#""url":{"generation":""}"#, .processing), (#""url":{"generation":"u"}"#, .finished),
      (#""status":"failed","url":{"generation":"u"}"#, .failed),
    ])
  func states(members: String, state: JobState) {
    #expect(read(#"{"status":"success","video":{\#(members)}}"#)?.state == state)
  }

  @Test(
    "a part done that is no part is not told",
    arguments: [("0.4", 0.4), ("1", 1), ("1e300", nil), ("-1", nil), ("40", nil)])
  func progress(written: String, progress: Double?) throws {
    let status = try #require(read(#"{"video":{"status":"processing","progress":\#(written)}}"#))
    #expect(status.progress == progress)
  }

  @Test(
    "an answer without a video tells nothing",
    arguments: ["{}", "[]", "", "{\"status\":\"success\"}"])
  func nothing(body: String) {
    #expect(read(body) == nil)
  }

  @Test(
    "a submission's id may be text or a number", arguments: [(#""a-1""#, "a-1"), ("1265", "1265")])
  func submission(id: String, text: String) {
    let body = #"{"id":\#(id),"status":"processing"}"#
    #expect(ServiceAnswer.submission(Array(body.utf8))?.id == text)
  }

  @Test("every row of the error table becomes its kind", arguments: ServiceFault.all)
  func table(row: ServiceFault) {
    for code in ["\(row.code)", "\"\(row.code)\""] {
      let body = #"{"status":"error","code":\#(code),"error":"\#(row.name)","message":"m"}"#
      let error = fault(row.status, body)
      #expect(error.kind == row.kind)
      #expect(error.code == row.code)
      #expect(error.name == row.name)
      #expect(error.retryable == (row.remedy == .retry))
      #expect(error.charged == (row.remedy == .uncertain ? .unknown : .no))
    }
  }

  @Test("a code that is not in the table leaves the status to speak")
  func foreignCode() {
    let error = fault(400, #"{"status":"error","code":1103,"error":"InvalidBody","message":"m"}"#)
    #expect(error.kind == .validation)
    #expect(error.code == 1103)
    #expect(error.name == "InvalidBody")
  }

  @Test(
    "an error without a body still says what happened",
    arguments: [(502, ImagineError.Charged.unknown), (503, .no), (404, .no)])
  func empty(status: Int, charged: ImagineError.Charged) {
    let error = fault(status, "")
    #expect(error.charged == charged)
    #expect(error.message.contains("HTTP \(status)"))
  }

  private func fault(_ status: Int, _ body: String) -> ImagineError {
    ServiceAnswer.fault(
      status: status, body: Array(body.utf8), endpoint: "POST /x", isBilled: true)
  }
}
