import ImagineAPI
import Testing

@Suite("The table of API error codes is complete and consistent")
struct ServiceFaultTests {
  @Test("every documented code is listed once with its HTTP status")
  func codes() {
    let documented = [
      1000: 400, 1001: 401, 1002: 406, 1003: 400, 1004: 400, 1005: 401, 1006: 401, 1007: 401,
      1100: 400, 1101: 402, 1200: 503, 1201: 503, 1202: 429, 1203: 503, 1204: 504, 1205: 500,
      1206: 503, 1300: 500,
    ]
    #expect(
      Dictionary(uniqueKeysWithValues: APIErrorCode.all.map { ($0.code, $0.status) }) == documented)
  }

  @Test("only calls that certainly did not start are retried")
  func remedies() {
    let retried = APIErrorCode.all.filter { $0.remedy == .retry }.map(\.code)
    let uncertain = APIErrorCode.all.filter { $0.remedy == .uncertain }.map(\.code)
    #expect(retried == [1200, 1201, 1202, 1203])
    #expect(uncertain == [1204, 1205, 1300])
  }

  @Test(
    "an HTTP status without a code maps to a kind",
    arguments: [
      (401, ImagineError.Kind.authorization), (402, .payment), (404, .notFound), (429, .rateLimit),
      (418, .validation), (500, .server), (503, .unavailable), (504, .timeout), (302, .badResponse),
    ])
  func statuses(status: Int, kind: ImagineError.Kind) {
    #expect(APIErrorCode.with(status: status).kind == kind)
  }

  @Test("the description of an error is one line")
  func oneLine() {
    let error = ImagineError(.timeout, "no\nanswer", code: 1204, status: 504, charged: .unknown)
    #expect("\(error)" == "no answer [timeout, code 1204, HTTP 504, charged: unknown]")
  }
}
