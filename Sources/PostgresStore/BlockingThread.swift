import Foundation

/// Work that blocks its thread runs on one of its own, not on one of Swift's few.
enum BlockingThread {
  static func run(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.start()
  }

  static func result<Value: Sendable>(
    of name: String, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { answer in
      run(name) { answer.resume(with: Result(catching: body)) }
    }
  }
}
