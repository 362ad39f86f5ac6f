import ImagineCore
import Testing

@Suite("The error table")
struct ServiceFaultTests {
  @Test("has every documented code once, with its HTTP status")
  func codes() {
    let documented = [
      1000: 400, 1001: 401, 1002: 406, 1003: 400, 1004: 400, 1005: 401, 1006: 401, 1007: 401,
      1100: 400, 1101: 402, 1200: 503, 1201: 503, 1202: 429, 1203: 503, 1204: 504, 1205: 500,
      1206: 503, 1300: 500,
    ]
    #expect(
      Dictionary(uniqueKeysWithValues: ServiceFault.all.map { ($0.code, $0.status) }) == documented)
  }

  @Test("retries only what provably did not start")
  func remedies() {
    let retried = ServiceFault.all.filter { $0.remedy == .retry }.map(\.code)
    let uncertain = ServiceFault.all.filter { $0.remedy == .uncertain }.map(\.code)
    #expect(retried == [1200, 1201, 1202, 1203])
    #expect(uncertain == [1204, 1205, 1300])
  }

  @Test(
    "an HTTP status alone gives a kind",
    arguments: [
      (401, ImagineError.Kind.authorization), (402, .payment), (404, .notFound), (429, .rateLimit),
      (418, .validation), (500, .server), (503, .unavailable), (504, .timeout), (302, .badResponse),
    ])
  func statuses(status: Int, kind: ImagineError.Kind) {
    #expect(ServiceFault.with(status: status).kind == kind)
  }

  @Test("an error reads as one line")
  func oneLine() {
    let error = ImagineError(.timeout, "no\nanswer", code: 1204, status: 504, charged: .unknown)
    #expect("\(error)" == "no answer [timeout, code 1204, HTTP 504, charged: unknown]")
  }
}
