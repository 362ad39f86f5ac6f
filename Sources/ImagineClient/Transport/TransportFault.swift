import AsyncHTTPClient
import ImagineCore
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What an error of an exchange means. For money only `wasSent` counts; the error's type gives the
/// words.
struct TransportFault {
  let call: HTTPTransport.Call
  /// Whether the head of the request may have been written.
  let wasSent: Bool

  func error(for error: any Error) -> ImagineError {
    if let error = error as? ImagineError { return error }
    return wasSent ? afterSend(error) : beforeSend(error)
  }

  private func afterSend(_ error: any Error) -> ImagineError {
    let charged: ImagineError.Charged = call.isBilled ? .unknown : .no
    switch error {
    case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
      return make(.cancelled, "\(call.endpoint) was cancelled", charged: charged)
    case let overdue as Watch.Overdue:
      return make(
        .timeout, "\(call.endpoint): \(overdue.description)", retryable: !call.isBilled,
        charged: charged)
    default:
      return make(
        .connection, "\(call.endpoint): the connection broke: \(Self.words(for: error))",
        retryable: !call.isBilled, charged: charged)
    }
  }

  private func beforeSend(_ error: any Error) -> ImagineError {
    switch error {
    case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
      return make(.cancelled, "\(call.endpoint) was cancelled before it was sent")
    case is Watch.Overdue:
      return make(
        .timeout, "\(call.loggedAddress) cannot be reached: no connection within the timeout",
        retryable: true)
    case let error as HTTPClientError where Self.addressFaults.contains(error):
      return make(
        .validation, "\(call.loggedAddress) cannot be called: \(error.shortDescription)")
    default:
      if let code = Self.errorNumber(of: error), NetworkThreads.isExhaustion(code) {
        return make(
          .io, "\(call.endpoint) cannot be sent: \(String(cString: strerror(code)))")
      }
      let tls = Self.tlsWords(for: error)
      return make(
        .connection,
        "\(call.loggedAddress) cannot be reached: \(tls?.words ?? Self.words(for: error))",
        retryable: tls?.mayPass ?? true)
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

  private static func words(for error: any Error) -> String {
    switch error {
    case let error as HTTPClientError: error.shortDescription
    case let error as NIOConnectionError: words(for: error)
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case ChannelError.ioOnClosedChannel, ChannelError.eof, ChannelError.alreadyClosed:
      "the connection was closed"
    default: "\(error)"
    }
  }

  private static func words(for error: NIOConnectionError) -> String {
    if let first = error.connectionErrors.first?.error { return words(for: first) }
    return error.dnsAError == nil && error.dnsAAAAError == nil
      ? "no connection" : "the host '\(error.host)' is not known"
  }

  private static func errorNumber(of error: any Error) -> Int32? {
    switch error {
    case let error as IOError: error.errnoCode
    case let error as NIOConnectionError:
      error.connectionErrors.first.flatMap { errorNumber(of: $0.error) }
    default: nil
    }
  }

  /// What a failed handshake means, and whether another attempt may succeed; nil for any other
  /// error.
  private static func tlsWords(for error: any Error) -> (words: String, mayPass: Bool)? {
    guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else {
      return nil
    }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return (
        "TLS: its certificate is not trusted (SSL_CERT_FILE names a file of those to trust)", false
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
