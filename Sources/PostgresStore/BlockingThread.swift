import Foundation

/// Work that blocks its thread runs on one of its own, not on one of Swift's few.
enum BlockingThread {
  static func run(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.start()
  }
}
