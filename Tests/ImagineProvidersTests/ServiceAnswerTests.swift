import ImagineAPI
import Testing

@testable import ImagineProviders

@Suite("Every documented form of an answer is parsed")
struct ServiceAnswerTests {
  private func read(_ json: String) -> JobStatus? {
    ServiceAnswer.status(Array(json.utf8), id: "7")
  }

  @Test("the first documented status body is parsed")
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

  @Test("the second documented status body is parsed")
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
    "progress is reported only if it is a fraction or a percentage",
    arguments: [
      ("0.4", 0.4), ("1", 1), ("1e300", nil), ("-1", nil), ("40", 0.4), ("\"100%\"", 1),
      ("\"0.5\"", 0.5), ("\"half\"", nil), ("{}", nil), ("null", nil), ("101", nil),
    ])
  func progress(written: String, progress: Double?) throws {
    let status = try #require(read(#"{"video":{"status":"processing","progress":\#(written)}}"#))
    #expect(status.progress == progress)
  }

  @Test(
    "an answer without a video has no status",
    arguments: ["{}", "[]", "", "{\"status\":\"success\"}"])
  func nothing(body: String) {
    #expect(read(body) == nil)
  }

  @Test(
    "the id of a submission may be a string or a number",
    arguments: [(#""a-1""#, "a-1"), ("1265", "1265")])
  func submission(id: String, text: String) {
    let body = #"{"id":\#(id),"status":"processing"}"#
    #expect(ServiceAnswer.submission(Array(body.utf8))?.id == text)
  }

  @Test("every code of the error table maps to its kind", arguments: APIErrorCode.all)
  func table(row: APIErrorCode) {
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

  @Test("a code that is not in the table leaves the kind to the HTTP status")
  func foreignCode() {
    let error = fault(400, #"{"status":"error","code":1103,"error":"InvalidBody","message":"m"}"#)
    #expect(error.kind == .validation)
    #expect(error.code == 1103)
    #expect(error.name == "InvalidBody")
  }

  @Test(
    "an error without a body names its HTTP status",
    arguments: [(502, ImagineError.Charged.unknown), (503, .no), (404, .no)])
  func empty(status: Int, charged: ImagineError.Charged) {
    let error = fault(status, "")
    #expect(error.charged == charged)
    #expect(error.message.contains("HTTP \(status)"))
  }

  @Test(
    "an optional field of an unexpected type is ignored",
    arguments: [
      #""created_at":1741072165"#, #""created_at":{"x":1}"#, #""progress":"100%""#,
      #""progress":[]"#, #""error":{"message":"m"}"#, #""error":7"#, #""code":"x""#,
      #""thumbnail":5"#, #""settings":null"#, #""code":9223372036854775808"#,
    ])
  func oddFields(member: String) {
    let status = read(#"{"video":{\#(member),"status":"finished","url":{"generation":"u"}}}"#)
    #expect(status?.state == .finished)
    #expect(status?.videoAddress == "u")
  }

  @Test("a failed job keeps the service's message")
  func failures() {
    func failure(_ members: String) -> String? { read(#"{"video":{\#(members)}}"#)?.failure }
    #expect(failure(#""status":"failed","error":{"message":"was blocked"}"#) == "was blocked")
    #expect(failure(#""status":"failed","error":"no encoder""#) == "no encoder")
    #expect(failure(#""status":"failed","message":"m""#) == "m")
    #expect(failure(#""status":"expired","url":null"#) == "expired")
    #expect(failure(#""status":"failed""#) == nil)
  }

  @Test("an undocumented state counts as processing and is kept")
  func unknownState() {
    let status = read(#"{"video":{"status":"hibernating"}}"#)
    #expect(status?.state == .processing)
    #expect(status?.undocumentedState == "hibernating")
    #expect(read(#"{"video":{"status":"queued"}}"#)?.undocumentedState == nil)
  }

  @Test(
    "the id of a job is found wherever services put it",
    arguments: [
      #"{"video":{"uuid":"j"}}"#, #"{"data":{"id":"j"}}"#, #"{"data":[{"id":"j"}]}"#,
      #"{"request_id":"j"}"#, #"{"id":null,"uuid":"j"}"#, "\u{FEFF}{\"id\":\"j\"}",
    ])
  func submissions(body: String) {
    #expect(ServiceAnswer.submission(Array(body.utf8))?.id == "j")
  }

  @Test(
    "the message of an error is found in every known body",
    arguments: [
      #"{"error":"the words"}"#, #"{"error":{"message":"the words","type":"t"}}"#,
      #"{"error":"server_error","message":"the words"}"#, #"{"detail":"the words"}"#,
      #"{"detail":[{"loc":["body","size"],"msg":"the words","type":"t"}]}"#,
      #"{"errors":[{"message":"the words"}]}"#, #"{"title":"Bad","detail":"the words"}"#,
      #"{"error":{"code":429,"message":"the words","status":"RESOURCE_EXHAUSTED"}}"#,
      #"{"error":{"type":"t","message":"the words","details":"","extra_info":{}},"node_errors":{}}"#,
      #"{"message":{"error":"the words"}}"#, #"[{"message":"the words"}]"#, #""the words""#,
      "the words", "<html><head><title>the words</title></head></html>",
      "<!DOCTYPE html>\n<title id=x>the\n words</title>",
      #"{"error":null,"message":"the words"}"#, #"{"error":"","detail":"the words"}"#,
    ])
  func words(body: String) {
    for status in [400, 422, 500, 503] {
      #expect(fault(status, body).message.contains("the words"), "\(fault(status, body))")
    }
  }

  @Test("a FastAPI error names its field")
  func location() {
    let error = fault(422, #"{"detail":[{"loc":["body","size"],"msg":"a multiple of 8"}]}"#)
    #expect(error.field == "size")
    #expect(error.kind == .validation)
  }

  @Test(
    "an empty account is `payment` under any HTTP status",
    arguments: [
      (400, #"{"error":{"message":"m","code":"billing_hard_limit_reached"}}"#),
      (403, #"{"error":{"message":"m","code":"insufficient_user_quota"}}"#),
      (429, #"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#),
      (500, #"{"error":"insufficient_balance","message":"m"}"#), (402, "{}"),
    ])
  func payment(status: Int, body: String) {
    let error = fault(status, body)
    #expect(error.kind == .payment)
    #expect(!error.retryable)
    #expect(error.charged == .no)
  }

  @Test(
    "a refusal of the content is final under any HTTP status, and may have been billed",
    arguments: [
      (400, #"{"error":{"message":"m","code":"moderation_blocked"}}"#),
      (400, #"{"error":{"message":"m","type":"image_generation_user_error","code":null}}"#),
      (403, #"{"error":{"message":"m","code":"content_policy_violation"}}"#),
      (200, #"{"data":[],"error":{"message":"m","code":"content_filter"}}"#),
    ])
  func refusal(status: Int, body: String) {
    let error = fault(status, body)
    #expect(error.kind == .refused && !error.retryable && error.charged == .unknown)
    let policy = RetryPolicy(retries: 5, retriesUncertain: true)
    #expect(policy.pause(after: error, attempt: 1) == nil)
  }

  @Test(
    "a status that a gateway writes as the code of a success decides the kind",
    arguments: [
      (402, ImagineError.Kind.payment), (429, .rateLimit), (404, .notFound), (500, .server),
    ])
  func gatewayCode(code: Int, kind: ImagineError.Kind) {
    let error = fault(200, #"{"error":{"message":"m","code":\#(code)}}"#)
    #expect(error.kind == kind)
    #expect(error.charged == (kind == .payment ? .no : .unknown) && !error.retryable)
  }

  @Test("an error with status 200 leaves the charge unknown, unless its code is documented")
  func contradiction() {
    #expect(fault(200, #"{"error":{"message":"m"}}"#).charged == .unknown)
    #expect(fault(200, #"{"status":"error","code":1101,"message":"m"}"#).charged == .no)
  }

  private func fault(_ status: Int, _ body: String) -> ImagineError {
    ErrorAnswer(Array(body.utf8)).error(status: status, endpoint: "POST /x", isBilled: true)
  }
}
