import ImagineCore

/// Fetches a file by an address that a service gave.
struct Download {
  let transport: HTTPTransport
  let endpoint: Endpoint
  let store: any AssetStore

  private static let mostRedirects = 5

  func fetch(_ address: String) async throws -> Asset {
    var address = address
    for _ in 0...Self.mostRedirects {
      try check(address)
      switch try await get(address) {
      case .file(let asset): return asset
      case .elsewhere(let next): address = next
      }
    }
    throw ImagineError(
      .badResponse, "the download was redirected more than \(Self.mostRedirects) times")
  }

  private enum Step: Sendable {
    case file(Asset)
    case elsewhere(String)
  }

  /// A remote answer may lead to any web address, and to a socket on this machine never.
  private func check(_ address: String) throws {
    guard let origin = Origin(address) else {
      throw ImagineError(.badResponse, "the service gave a download address that is none")
    }
    guard origin.isWeb || (origin.isUnixSocket && origin == Origin(endpoint.baseURL)) else {
      throw ImagineError(
        .badResponse, "the service gave a download address of a kind that is not followed")
    }
  }

  private func get(_ address: String) async throws -> Step {
    let call = HTTPTransport.Call(
      method: "GET", address: address, endpoint: "GET of a finished file",
      authorization: endpoint.authorization(for: address),
      limit: .silence(transport.timeouts.stall))
    return try await transport.perform(call) { [store] answer in
      if (300..<400).contains(answer.status), let next = answer.header("Location"),
        next.contains("://")
      {
        return .elsewhere(next)
      }
      guard answer.status == 200 else { throw answer.fault(try await answer.bytes(upTo: 1 << 16)) }
      let writer = try store.makeWriter()
      do {
        try await answer.forEachPiece { try writer.write($0) }
        if let length = answer.header("Content-Length").flatMap({ Int($0) }),
          length != answer.byteCount
        {
          throw ImagineError(
            .connection, "the download ended after \(answer.byteCount) of \(length) bytes",
            retryable: true, endpoint: call.endpoint)
        }
        return .file(try writer.commit())
      } catch {
        writer.discard()
        throw error
      }
    }
  }
}
