public import ImagineAPI

/// A file at an address of a script, such as an input image.
///
/// It is downloaded over https, or over http from this machine. No service's key is sent, there or
/// to redirects.
public struct WebFile: Sendable {
  /// The maximum size in bytes: far more than any image that the operations accept.
  public static let maxBytes = 128 << 20

  private let address: String
  private let transport: HTTPTransport

  public init(_ address: String, transport: HTTPTransport) {
    self.address = address
    self.transport = transport
  }

  /// Downloads the file; it is stored complete or not at all.
  ///
  /// - Throws: ``ImagineError`` of kind `connection` or `timeout` if there is no answer, `io` for
  ///   any answer that is not the file, and `validation` for a forbidden address.
  public func fetch(into store: any MediaStore) async throws -> Asset {
    do {
      return try await Download(
        transport: transport, source: .script(limit: Self.maxBytes), store: store
      ).fetch(address)
    } catch var error as ImagineError where error.status != nil {
      let shown = WebAddress.shown(address)
      error.kind = .io
      error.message = "\(shown) answered with HTTP \(error.status ?? 0)"
      throw error
    }
  }
}
