public import ImagineAPI

extension HTTPTransport: WebClient {
  private static let maxRedirects = 5

  /// Headers that the transport itself sends.
  private static let ownHeaders: Set<String> = [
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    SendRecordHandler.header.lowercased(), SendRecordHandler.target.lowercased(),
  ]

  public func answer(
    to request: WebRequest, willTake: @escaping @Sendable (Int) throws -> Void
  ) async throws -> WebAnswer {
    try check(request)
    var call = Call(
      method: request.method, address: request.address, endpoint: "",
      limit: TimeLimit(total: request.timeout, deadline: Deadline(in: request.timeout)))
    call.headers = request.headers
    call.body = request.body
    for _ in 0...Self.maxRedirects {
      call.endpoint = "\(call.method) \(call.loggedAddress)"
      switch try await read(call, willTake) {
      case .answer(let answer): return answer
      case .fault(let fault): throw fault
      case .redirect(let next): try Self.follow(next, &call)
      }
    }
    throw ImagineError(
      .badResponse,
      "\(request.method) \(WebAddress.shown(request.address)): more than"
        + " \(Self.maxRedirects) redirects")
  }

  private enum Step: Sendable {
    case answer(WebAnswer)
    case redirect(String)
    /// What the caller's own check throws is no fault of the connection.
    case fault(any Error)
  }

  private func read(
    _ call: Call, _ willTake: @escaping @Sendable (Int) throws -> Void
  ) async throws -> Step {
    try await perform(call) { answer in
      if call.method == "GET", let next = answer.location { return .redirect(next) }
      var body: [UInt8] = []
      var fault: (any Error)?
      do {
        try await answer.forEachPiece(upTo: WebRequest.maxBytes) { piece in
          do {
            try willTake(piece.count)
          } catch {
            fault = error
            throw error
          }
          body.append(contentsOf: piece)
        }
      } catch {
        if let fault { return .fault(fault) }
        throw error
      }
      return .answer(WebAnswer(status: answer.status, headers: answer.headers, body: body))
    }
  }

  /// Headers that say nothing about the caller.
  private static let plainHeaders: Set<String> = ["accept", "accept-language"]

  /// Goes to the address of a redirect; headers stay at their origin, where they may be a key.
  private static func follow(_ next: String, _ call: inout Call) throws(ImagineError) {
    let (old, new) = (Origin(call.address), Origin(next))
    guard let new, new.isWeb, !new.isLoopback || old?.isLoopback == true else {
      throw ImagineError(
        .badResponse,
        "\(call.endpoint): the answer leads to \(WebAddress.shown(next)), which is not"
          + " followed", endpoint: call.endpoint)
    }
    if new != old {
      call.headers = call.headers.filter { plainHeaders.contains($0.key.lowercased()) }
    }
    call.address = next
  }

  public func check(_ request: WebRequest) throws(ImagineError) {
    try Self.check(request.headers)
    guard Origin(request.address)?.isWeb == true else {
      let address = WebAddress.shown(request.address)
      throw ImagineError(
        .validation, "\(address) cannot be called (expected \(WebAddress.expectation))",
        field: "url", endpoint: "\(request.method) \(address)")
    }
  }

  /// - Throws: ``ImagineError`` of kind `validation` for a header that cannot be sent.
  private static func check(_ headers: [String: String]) throws(ImagineError) {
    let marks = "!#$%&'*+-.^_`|~".unicodeScalars
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      let isName =
        !name.isEmpty
        && name.unicodeScalars.allSatisfy { scalar in
          scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
              || marks.contains(scalar))
        }
      guard isName, !ownHeaders.contains(name.lowercased()) else {
        throw .invalid(
          field: "headers", given: Value.text(name).quoted,
          expected: "names of letters, digits and hyphens, but those of the transport such as Host")
      }
      guard value.unicodeScalars.allSatisfy({ $0 == "\t" || (0x20...0x7E).contains($0.value) })
      else {
        throw .invalid(
          field: "headers.\(name)", given: "a value with control characters or beyond ASCII",
          expected: "printable ASCII")
      }
    }
  }
}
