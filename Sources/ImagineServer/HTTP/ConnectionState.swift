/// The unanswered requests of a connection, and whether it closes after the next answer.
struct ConnectionState {
  /// The reaction to an error in the received bytes.
  enum FailureAction: Equatable {
    case answer(MalformedRequest)
    /// The error is in the body of an unanswered request: its reader handles it.
    case tellReader
    case close
    /// Nothing to do now; the error may be answered after the requests before it.
    case ignore
  }

  /// The step after an answer.
  enum EndAction: Equatable {
    case next
    case close
    case answer(MalformedRequest)
  }

  /// For each unanswered request, whether its client wants the connection to close.
  private var closes: [Bool] = []
  private var isReading = false
  /// Bytes left to read of the current request; nil if unknown.
  private var rest: Int?
  private var isBroken = false
  private var isAnswering = false
  private var isQuiescing = false
  /// An error to answer after the unanswered requests.
  private var pendingError: MalformedRequest?
  private(set) var closesAfterAnswer = false
  /// Whether answers may be written.
  private(set) var isOpen = true

  /// The number of unanswered requests.
  var requests: Int { closes.count }
  /// Whether a client waits for an answer that has not begun.
  var awaitsAnswer: Bool { isOpen && !closes.isEmpty && !isAnswering }
  /// What follows a broken head is never read as a request.
  var isReadToEnd: Bool { !isReading && !isBroken && closes.isEmpty }

  mutating func receivedHead(closes isLast: Bool, length: Int?) {
    closes.append(isLast)
    isReading = true
    rest = length
  }

  mutating func receivedBody(_ bytes: Int) { rest = rest.map { $0 - bytes } }

  mutating func receivedEnd() { isReading = false }

  mutating func failed(_ error: MalformedRequest) -> FailureAction {
    guard isOpen, !isBroken else { return .ignore }
    isBroken = true
    // An answered request gets no second answer.
    guard !closes.isEmpty else { return isReading ? .close : .answer(error) }
    if isReading { return .tellReader }
    pendingError = error
    return .ignore
  }

  /// - Parameter maxDrainedBytes: unread bytes of a body that are worth reading to keep the
  ///   connection.
  mutating func beganAnswer(maxDrainedBytes: Int) {
    isAnswering = true
    let isUnread = isReading && closes.count == 1
    closesAfterAnswer =
      closes.first == true || isQuiescing && closes.count == 1
      || isUnread && (isBroken || rest.map { $0 > maxDrainedBytes } ?? true)
  }

  mutating func endedAnswer() -> EndAction {
    isAnswering = false
    if !closes.isEmpty { closes.removeFirst() }
    if closesAfterAnswer { return .close }
    if closes.isEmpty, let pendingError { return .answer(pendingError) }
    return .next
  }

  /// The service shuts down: the connection closes after the answers to the received requests.
  mutating func quiesce() { isQuiescing = true }

  mutating func close() { isOpen = false }
}
