import CLua

/// A pipe that wakes a thread blocked in `poll`. Both ends are closed on exec.
package struct WakeupPipe: Sendable {
  package let readEnd: Int32
  package let writeEnd: Int32

  /// `nil` if the system refuses.
  package init?() {
    var ends: [Int32] = [-1, -1]
    guard clua_make_pipe(&ends) else { return nil }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  package func close() {
    closeDescriptor(readEnd)
    closeDescriptor(writeEnd)
  }
}

/// `close`, for types that have a method of that name.
func closeDescriptor(_ descriptor: Int32) {
  _ = close(descriptor)
}
