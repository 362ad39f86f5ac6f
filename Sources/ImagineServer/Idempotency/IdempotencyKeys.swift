import HTTPTypes
import Hummingbird
import ImagineAPI
import Logging
import NIOCore
import ServerStore

/// Does a call with an `Idempotency-Key` once, however often it is sent: the first attempt's answer
/// is stored before it is charged, and later ones get it.
struct IdempotencyKeys: Sendable {
  static let maxBytes = 255

  let store: any IdempotencyStore
  let charges: AccountCharges
  let answers: AnswerFiles
  let bodies: BodyReader
  let limits: Limits
  /// The version of the engine.
  let engine: String
  /// Seconds that a call may take.
  let longestCall: @Sendable () -> Double
  /// Whether someone whom a call was sent to may get it again.
  let keepsPromise: @Sendable (_ recipient: String) async -> Bool
  let logger: Logger

  /// Answers a request with `work`, or as an earlier attempt was answered.
  func answer(_ incoming: IncomingRequest, work: @escaping Handler) async throws -> Response {
    guard let text = incoming.http.headers[.idempotencyKey] else {
      return try await work(incoming)
    }
    guard (1...Self.maxBytes).contains(text.utf8.count) else {
      throw APIError.invalid(
        "the header Idempotency-Key has \(text.utf8.count) bytes (allowed are 1 to "
          + "\(Self.maxBytes))", field: "Idempotency-Key")
    }
    let type = incoming.http.headers[.contentType]
    let body = try await bodies.read(incoming)
    var incoming = incoming
    incoming.body = body
    // The handler says what is wrong with a malformed body; nothing is recorded for it.
    guard let fingerprint = RequestFingerprint(contentType: type, body) else {
      return try await work(incoming)
    }
    let key = IdempotencyKey(
      account: incoming.account.id,
      route: "\(incoming.http.method.rawValue) \(incoming.http.uri.path)", key: text)
    let call = IdempotentCall(
      fingerprint: fingerprint.digest, id: try RandomID.next(),
      seed: .random(in: 1...2_147_483_647), engine: engine)
    return try await answer(incoming, key, call, work)
  }

  /// Begins the call, or waits for whoever does it.
  private func answer(
    _ incoming: IncomingRequest, _ key: IdempotencyKey, _ call: IdempotentCall,
    _ work: @escaping Handler
  ) async throws -> Response {
    let attempt = try RandomID.next()
    let client = await incoming.context.clientPresence()
    let deadline = ContinuousClock.now + .seconds(longestCall())
    var pause = 0.02
    while true {
      let state = try await untilAnswered {
        try await store.begin(
          key, call, by: attempt, for: limits.leaseSeconds, retention: limits.idempotencySeconds)
      }
      switch state {
      case .begun(let call):
        // It goes on after a hang-up: the client will ask for the answer.
        return try await Task { try await begin(incoming, key, call, by: attempt, work) }.value
      case .sent(let call, let recipient):
        return try await Task {
          try await begin(incoming, key, call, sentTo: recipient, by: attempt, work)
        }.value
      case .answered(let call, let answer):
        return try await replay(answer, of: call, incoming, work)
      case .otherRequest:
        throw APIError.invalid(
          "this Idempotency-Key was used for another request", field: "Idempotency-Key")
      case .uncertain: throw APIError.lostAttempt
      case .running:
        guard client?.isConnected == true else { throw EngineControl.Stop.cancelled }
        guard ContinuousClock.now < deadline else {
          throw APIError(
            .timedOut, "another request with this Idempotency-Key is still in work",
            retryAfter: 5)
        }
        try await Task.sleep(for: .seconds(pause))
        pause = min(0.5, pause * 1.5)
      }
    }
  }

  /// Does the call as the first or as a later attempt.
  private func begin(
    _ incoming: IncomingRequest, _ key: IdempotencyKey, _ call: IdempotentCall,
    sentTo: String? = nil, by attempt: String, _ work: Handler
  ) async throws -> Response {
    let renewal = renewal(of: key, by: attempt)
    defer { renewal.cancel() }
    let keyed = KeyedCall(call, isRepetition: false, sentTo: sentTo) { promise in
      let isRecorded = try await untilAnswered {
        try await store.recordSend(key, by: attempt, promise: promise)
      }
      guard isRecorded else { throw StoreUnreachable("another attempt does this call") }
    }
    var incoming = incoming
    incoming.keyed = keyed
    do {
      // Before the handler, which may know no such style or model any more.
      if let sentTo, await !keepsPromise(sentTo) { throw APIError.lostAttempt }
      let response = try await work(incoming)
      let (answer, bytes) = try await recorded(response, of: keyed)
      return try await end(
        answer, bytes, of: keyed, key, attempt, response, for: incoming.account)
    } catch {
      if let price = keyed.price { await charges.release(price.hold) }
      try await fail(error, keyed, key, attempt, incoming)
      throw error
    }
  }

  /// Keeps the call this attempt's until the task is cancelled.
  private func renewal(of key: IdempotencyKey, by attempt: String) -> Task<Void, Never> {
    Task {
      while (try? await Task.sleep(for: .seconds(limits.renewSeconds))) != nil {
        _ = try? await store.renew(key, by: attempt, for: limits.leaseSeconds)
      }
    }
  }

  /// Stores an answer, then charges it.
  private func end(
    _ answer: RecordedAnswer, _ bytes: [UInt8], of keyed: KeyedCall, _ key: IdempotencyKey,
    _ attempt: String, _ response: Response, for account: Account
  ) async throws -> Response {
    let record = { @Sendable () async throws -> Void in
      if answer.text == nil { try await answers.store(bytes, of: keyed.call.id, for: account) }
      _ = try await store.record(answer, of: key, by: attempt)
    }
    var isRecorded = true
    do {
      try await untilAnswered(record)
    } catch {
      // The client gets its answer all the same: it would ask for another one.
      isRecorded = !(error is StoreUnreachable)
      log(error, keyed)
    }
    if isRecorded {
      if let price = keyed.price { try await charges.settle(price.hold, for: price.purpose) }
    } else {
      recordLater(keyed, key, attempt, record)
    }
    var response = response
    response.body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    return response
  }

  /// Records and charges an answer that was given while the store did not answer: a database that
  /// recovers from a crash takes seconds. Until then a twin of the call waits.
  private func recordLater(
    _ keyed: KeyedCall, _ key: IdempotencyKey, _ attempt: String,
    _ record: @escaping @Sendable () async throws -> Void
  ) {
    Task {
      let renewal = renewal(of: key, by: attempt)
      defer { renewal.cancel() }
      do {
        try await untilAnswered(by: Deadline(in: limits.holdSeconds), pause: 1, record)
        logger.info("recorded late", metadata: ["call": .string(keyed.call.id)])
      } catch {
        log(error, keyed)
      }
      if let price = keyed.price { try? await charges.settle(price.hold, for: price.purpose) }
    }
  }

  private func log(_ error: any Error, _ keyed: KeyedCall) {
    logger.error(
      "an answer was not recorded",
      metadata: ["call": .string(keyed.call.id), "cause": .string("\(error)")])
  }

  /// Frees the key of a call that failed, so that it may be tried again. A call that was sent on may
  /// have been paid for: then its failure is the answer, unless the next attempt may send it again.
  private func fail(
    _ error: any Error, _ keyed: KeyedCall, _ key: IdempotencyKey, _ attempt: String,
    _ incoming: IncomingRequest
  ) async throws {
    let error = APIError(error)
    let isUndone = !keyed.wasSent || error.isOfUndoneCall
    if isUndone ? keyed.sentTo != nil : keyed.isPromised && error.isOfLostCall {
      _ = try? await untilAnswered { try await store.renew(key, by: attempt, for: 0) }
      return
    }
    if isUndone {
      try? await untilAnswered { try await store.free(key, by: attempt) }
      return
    }
    let failure = error.encoded(in: Dialect(path: incoming.http.uri.path))
    let answer = RecordedAnswer(
      status: failure.head.status.code, headers: failure.head.headerFields.byName,
      isRepeatable: false, text: String(buffer: failure.body))
    _ = try? await untilAnswered { try await store.record(answer, of: key, by: attempt) }
  }

  /// Gives the answer of an earlier attempt. A charge that its server did not live to record is
  /// recorded now.
  private func replay(
    _ answer: RecordedAnswer, of call: IdempotentCall, _ incoming: IncomingRequest,
    _ work: Handler
  ) async throws -> Response {
    if let price = answer.price {
      try await charges.settle(
        Hold(key: call.id, account: incoming.account.id, amount: price.amount),
        for: price.purpose)
    }
    var response: Response
    if let bytes = try await bytes(of: answer, of: call, for: incoming.account) {
      response = Response(
        status: .init(code: answer.status), headers: HTTPFields(byName: answer.headers),
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    } else {
      response = try await repeated(answer, of: call, incoming, work)
    }
    response.headers[.idempotentReplayed] = "true"
    return response
  }

  /// The body of an answer; nil if it is not kept any more.
  private func bytes(
    of answer: RecordedAnswer, of call: IdempotentCall, for account: Account
  ) async throws -> [UInt8]? {
    if let text = answer.text { return Array(text.utf8) }
    return try await answers.bytes(of: call.id, for: account)
  }

  /// Makes the same picture again.
  private func repeated(
    _ answer: RecordedAnswer, of call: IdempotentCall, _ incoming: IncomingRequest,
    _ work: Handler
  ) async throws -> Response {
    guard answer.isRepeatable, call.engine == engine else {
      throw APIError(
        .unexpectedResponse,
        "the answer to this Idempotency-Key is not kept any more; it was paid for")
    }
    var incoming = incoming
    let keyed = KeyedCall(call, isRepetition: true) { _ in }
    incoming.keyed = keyed
    let response = try await work(incoming)
    let (_, bytes) = try await recorded(response, of: keyed)
    try? await answers.store(bytes, of: call.id, for: incoming.account)
    return Response(
      status: response.status, headers: response.headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// What is recorded of an answer, and its body.
  private func recorded(
    _ response: Response, of keyed: KeyedCall
  ) async throws -> (RecordedAnswer, [UInt8]) {
    let collector = BodyCollector()
    try await response.body.write(collector)
    let bytes = Array(collector.bytes.readableBytesView)
    let answer = RecordedAnswer(
      status: response.status.code, headers: response.headers.byName,
      isRepeatable: keyed.isRepeatable,
      text: keyed.isKeptWithRecord ? String(validating: bytes, as: UTF8.self) : nil,
      price: keyed.price.map { .init(amount: $0.hold.amount, purpose: $0.purpose) })
    return (answer, bytes)
  }
}

/// Collects a body.
private final class BodyCollector: ResponseBodyWriter {
  private(set) var bytes = ByteBuffer()

  func write(_ buffer: ByteBuffer) { bytes.writeImmutableBuffer(buffer) }

  func finish(_ trailingHeaders: HTTPFields?) {}
}

extension HTTPFields {
  fileprivate var byName: [String: String] {
    Dictionary(map { ($0.name.rawName, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
  }

  fileprivate init(byName values: [String: String]) {
    self.init()
    for (name, value) in values {
      if let name = HTTPField.Name(name) { self[name] = value }
    }
  }
}
