import CLua

/// The C library's standard streams, as a session at a terminal needs them.
package enum TerminalStreams {
  /// Flushes stdout. It waits while nobody reads what stdout is connected to, so whoever reads it
  /// must not call this.
  package static func flushOutput() { clua_flush_output() }

  /// Forgets the end of file and the bytes that stdin has buffered.
  package static func resetInput() { clua_reset_input() }

  /// Makes stdout write each complete line, also to a pipe.
  package static func bufferLines() { clua_set_line_buffering() }

  /// Waits until one of at most 8 descriptors is readable, with `select`, since `poll` fails for
  /// terminals on macOS. Returns which are; none after the time or a signal.
  package static func waitReadable(_ descriptors: [Int32], milliseconds: Int32) -> [Bool] {
    var ready: UInt32 = 0
    _ = descriptors.withUnsafeBufferPointer {
      clua_wait_readable($0.baseAddress, Int32($0.count), milliseconds, &ready)
    }
    return descriptors.indices.map { ready & (1 << UInt32($0)) != 0 }
  }
}
