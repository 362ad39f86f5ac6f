/// Which requests of a connection have come, which are answered, and whether it ends with the next
/// answer.
struct ConnectionState {
  /// What is done with a fault in what came.
  enum FaultAction: Equatable {
    case answer(RequestFault)
    /// It is in the body of a request that is being worked on.
    case tellReader
    case close
    case wait
  }

  enum EndAction: Equatable {
    case next
    case close
    case answer(RequestFault)
  }

  /// For each request that is not answered yet, whether its client wants the connection to end.
  private var closes: [Bool] = []
  private var isReading = false
  /// Bytes that are still to come of the request that is being read; nil where nobody knows.
  private var rest: Int?
  private var isBroken = false
  private var isAnswering = false
  private var isQuiescing = false
  /// What stands behind the requests that are not answered yet.
  private var fault: RequestFault?
  private(set) var closesAfterAnswer = false
  /// Whether answers may still be written.
  private(set) var isOpen = true

  /// How many requests are not answered yet.
  var requests: Int { closes.count }
  /// Whether a client waits for an answer of which nothing has been written.
  var awaitsAnswer: Bool { isOpen && !closes.isEmpty && !isAnswering }
  var isReadWhole: Bool { !isReading && fault == nil && closes.isEmpty }

  mutating func headCame(closes isLast: Bool, length: Int?) {
    closes.append(isLast)
    isReading = true
    rest = length
  }

  mutating func bodyCame(_ bytes: Int) { rest = rest.map { $0 - bytes } }

  mutating func endCame() { isReading = false }

  mutating func faultCame(_ fault: RequestFault) -> FaultAction {
    guard isOpen, !isBroken else { return .wait }
    isBroken = true
    // One that is answered already gets no second answer.
    guard !closes.isEmpty else { return isReading ? .close : .answer(fault) }
    if isReading { return .tellReader }
    self.fault = fault
    return .wait
  }

  /// - Parameter shortRest: bytes of an unread body that are worth reading to keep the connection.
  mutating func answerBegan(shortRest: Int) {
    isAnswering = true
    let isUnread = isReading && closes.count == 1
    closesAfterAnswer =
      closes.first == true || isQuiescing && closes.count == 1
      || isUnread && (isBroken || rest.map { $0 > shortRest } ?? true)
  }

  mutating func answerEnded() -> EndAction {
    isAnswering = false
    if !closes.isEmpty { closes.removeFirst() }
    if closesAfterAnswer { return .close }
    if closes.isEmpty, let fault { return .answer(fault) }
    return .next
  }

  /// The service stops: the connection ends with the answer to what has come.
  mutating func quiesce() { isQuiescing = true }

  mutating func close() { isOpen = false }
}
