public import ImagineCore

#if canImport(Glibc)
  import Glibc
  let systemRead = Glibc.read
  let systemWrite = Glibc.write
  let systemRename = Glibc.rename
  let systemLink = Glibc.link
  let systemClose = Glibc.close
#elseif canImport(Musl)
  import Musl
  let systemRead = Musl.read
  let systemWrite = Musl.write
  let systemRename = Musl.rename
  let systemLink = Musl.link
  let systemClose = Musl.close
#elseif canImport(Darwin)
  import Darwin
  let systemRead = Darwin.read
  let systemWrite = Darwin.write
  let systemRename = Darwin.rename
  let systemLink = Darwin.link
  let systemClose = Darwin.close
#endif

extension ImagineError {
  /// A failure of the system, with what `errno` says of it.
  public static func system(_ message: String) -> ImagineError {
    ImagineError(.io, "\(message): \(String(cString: strerror(errno)))")
  }
}
