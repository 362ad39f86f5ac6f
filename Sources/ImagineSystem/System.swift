public import ImagineAPI

#if canImport(Glibc)
  import Glibc
  let systemRead = Glibc.read
  let systemWrite = Glibc.write
  let systemRename = Glibc.rename
  let systemLink = Glibc.link
  let systemClose = Glibc.close
  let systemPoll = Glibc.poll
  let systemKill = Glibc.kill
  let systemSend = Glibc.send
  let systemReceive = Glibc.recv
#elseif canImport(Musl)
  import Musl
  let systemRead = Musl.read
  let systemWrite = Musl.write
  let systemRename = Musl.rename
  let systemLink = Musl.link
  let systemClose = Musl.close
  let systemPoll = Musl.poll
  let systemKill = Musl.kill
  let systemSend = Musl.send
  let systemReceive = Musl.recv
#elseif canImport(Darwin)
  import Darwin
  let systemRead = Darwin.read
  let systemWrite = Darwin.write
  let systemRename = Darwin.rename
  let systemLink = Darwin.link
  let systemClose = Darwin.close
  let systemPoll = Darwin.poll
  let systemKill = Darwin.kill
  let systemSend = Darwin.send
  let systemReceive = Darwin.recv
#endif

extension ImagineError {
  /// An error of kind `io`, with the reason that `errno` gives.
  public static func system(_ message: String) -> ImagineError {
    ImagineError(.io, "\(message): \(SystemError.reason(errno))")
  }
}

package enum SystemError {
  /// The system's text for an `errno` value.
  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// Whether an `errno` value says that descriptors, threads or memory have run out.
  package static func isExhaustion(_ code: Int32) -> Bool {
    [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(code)
  }
}

extension UnsafeRawBufferPointer {
  /// The offset of the first such byte. `memchr` is much faster than a loop over megabytes.
  package func firstOffset(of byte: UInt8) -> Int? {
    guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else { return nil }
    return UnsafeRawPointer(found) - base
  }
}

/// The user's home folder in the system's user list; nil if the user is not in it.
func homeFolderOfUser() -> String? {
  getpwuid(getuid()).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) }
}
