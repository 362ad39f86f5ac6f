import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The service cannot listen on its address.
public struct ListenError: Error, CustomStringConvertible {
  public let description: String

  /// Nil for any other error.
  init?(_ error: any Error, _ address: ServiceAddress) {
    let (place, other): (String, String) =
      switch address {
      case .tcp(let host, let port): ("port \(port) of \(host)", "--port")
      case .socket(let path): (path, "--socket")
      }
    switch error {
    case let error as IOError:
      switch error.errnoCode {
      case EADDRINUSE:
        description =
          "cannot listen on \(place): another program uses it (stop it, or choose another with \(other))"
      case EACCES, EPERM:
        description =
          "cannot listen on \(place): permission denied (choose another with \(other))"
      case EADDRNOTAVAIL:
        description = "cannot listen on \(place): this machine does not have that address"
      default:
        description =
          "cannot listen on \(place): \(String(cString: strerror(error.errnoCode)))"
      }
    case is SocketAddressError, is SocketAddressError.FailedToParseIPByteBuffer:
      description = "cannot listen on \(place): the host is unknown"
    default:
      return nil
    }
  }
}
