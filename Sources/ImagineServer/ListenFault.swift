import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A service cannot listen at its address.
public struct ListenFault: Error, CustomStringConvertible {
  public let description: String

  /// Nil for an error that says something else.
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
          "cannot listen on \(place): another program does (end it, or choose another with \(other))"
      case EACCES, EPERM:
        description =
          "cannot listen on \(place): this user may not (choose another with \(other))"
      case EADDRNOTAVAIL:
        description = "cannot listen on \(place): the address is none of this machine's"
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
