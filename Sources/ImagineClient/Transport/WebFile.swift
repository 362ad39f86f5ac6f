public import ImagineCore

/// A file at an address that a script names, such as a picture to start from.
///
/// It is fetched over https, or over http from this machine; no key of any service goes along,
/// there or to wherever it redirects.
public struct WebFile: Sendable {
  /// The most bytes that are taken: far more than any picture that the operations accept.
  public static let mostBytes = 128 << 20

  private let address: String
  private let transport: HTTPTransport

  public init(_ address: String, transport: HTTPTransport) {
    self.address = address
    self.transport = transport
  }

  /// Fetches it: whole or not at all.
  ///
  /// - Throws: ``ImagineError`` of kind `connection` or `timeout` where nobody answers, `io` for any
  ///   answer that is not the file, and `validation` for an address of another kind.
  public func fetch(into store: any AssetStore) async throws -> Asset {
    do {
      return try await Download(
        transport: transport, source: .script(limit: Self.mostBytes), store: store
      ).fetch(address)
    } catch var error as ImagineError where error.status != nil {
      let shown = WebAddress.withoutQuery(address)
      error.kind = .io
      error.message = "\(shown) answered with HTTP \(error.status ?? 0)"
      throw error
    }
  }
}
