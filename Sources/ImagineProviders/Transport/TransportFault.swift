import AsyncHTTPClient
import ImagineAPI
import ImagineSystem
import NIOCore
import NIOPosix
import NIOSSL

/// Converts an error of an exchange. Only `wasSent` decides the charge; the error's type gives the
/// message.
struct TransportFault {
  let call: HTTPTransport.Call
  /// Whether the head of the request may have been written.
  let wasSent: Bool
  /// The proxy, in words; nil if there is none.
  var proxy: String?

  private var route: String { proxy.map { " through the proxy \($0)" } ?? "" }

  func error(for error: any Error) -> ImagineError {
    if let error = error as? ImagineError { return error }
    return wasSent ? afterSend(error) : beforeSend(error)
  }

  private func afterSend(_ error: any Error) -> ImagineError {
    let charged: ImagineError.Charged = call.isBilled ? .unknown : .no
    switch error {
    case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
      return make(.cancelled, "\(call.endpoint) was cancelled", charged: charged)
    case let timeout as RequestTimer.Timeout:
      return make(
        .timeout, "\(call.endpoint): \(timeout.description)", retryable: !call.isBilled,
        charged: charged)
    default:
      return make(
        .connection, "\(call.endpoint): the connection broke: \(Self.reason(for: error))",
        retryable: !call.isBilled, charged: charged)
    }
  }

  private func beforeSend(_ error: any Error) -> ImagineError {
    switch error {
    case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
      return make(.cancelled, "\(call.endpoint) was cancelled before it was sent")
    case is RequestTimer.Timeout:
      return make(
        .timeout, "\(call.loggedAddress) cannot be reached: no connection within the timeout",
        retryable: true)
    case let error as HTTPClientError where Self.addressFaults.contains(error):
      return make(
        .validation, "\(call.loggedAddress) cannot be called: \(error.shortDescription)")
    default:
      if let code = Self.errorNumber(of: error), SystemError.isExhaustion(code) {
        return make(
          .io, "\(call.endpoint) cannot be sent: \(SystemError.reason(code))")
      }
      let tls = Self.tlsReason(for: error)
      return make(
        .connection,
        "\(call.loggedAddress) cannot be reached\(route): \(tls?.reason ?? Self.reason(for: error))",
        retryable: tls?.isRetryable ?? true)
    }
  }

  private func make(
    _ kind: ImagineError.Kind, _ message: String, retryable: Bool = false,
    charged: ImagineError.Charged = .no
  ) -> ImagineError {
    ImagineError(
      kind, message, retryable: retryable, charged: charged, endpoint: call.endpoint)
  }

  private static let addressFaults: [HTTPClientError] = [
    .invalidURL, .emptyHost, .missingSocketPath, .emptyScheme, .alreadyShutdown,
  ]

  private static func reason(for error: any Error) -> String {
    switch error {
    case let error as HTTPClientError: error.shortDescription
    case let error as NIOConnectionError: reason(for: error)
    case let error as IOError: SystemError.reason(error.errnoCode)
    case ChannelError.ioOnClosedChannel, ChannelError.eof, ChannelError.alreadyClosed:
      "the connection was closed"
    default: "\(error)"
    }
  }

  private static func reason(for error: NIOConnectionError) -> String {
    if let first = error.connectionErrors.first?.error { return reason(for: first) }
    return error.dnsAError == nil && error.dnsAAAAError == nil
      ? "no connection" : "the host '\(error.host)' is unknown"
  }

  private static func errorNumber(of error: any Error) -> Int32? {
    switch error {
    case let error as IOError: error.errnoCode
    case let error as NIOConnectionError:
      error.connectionErrors.first.flatMap { errorNumber(of: $0.error) }
    default: nil
    }
  }

  /// The reason of a failed TLS handshake, and whether a retry may succeed; nil for any other
  /// error.
  private static func tlsReason(for error: any Error) -> (reason: String, isRetryable: Bool)? {
    guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else {
      return nil
    }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return (
        "TLS: its certificate is not trusted (SSL_CERT_FILE names a file of trusted certificates)",
        false
      )
    }
    if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
      return ("TLS: its certificate is for another host name", false)
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
      return ("it does not speak TLS; is it an http:// address?", false)
    }
    let isClosed =
      text.contains("uncleanShutdown") || text.contains("EOF during")
      || text.contains("zeroReturn")
    return isClosed
      ? ("TLS: the connection was closed during the handshake", true) : ("TLS: \(text)", false)
  }
}
