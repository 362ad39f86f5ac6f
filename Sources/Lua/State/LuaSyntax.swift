import CLua
import Synchronization

/// Tells whether Lua text is complete, without running it and without the Lua thread.
package final class LuaSyntax: Sendable {
  /// What the compiler says of a text.
  package enum Answer: Sendable {
    case complete
    /// The text ends too early.
    case incomplete
    case invalid
  }

  /// `@unchecked Sendable`: the mutex of its owner guards it.
  private struct Compiler: @unchecked Sendable {
    var stack: OpaquePointer?
  }

  /// Opened when it is first needed.
  private let compiler = Mutex(Compiler())

  package init() {}

  deinit {
    compiler.withLock { clua_close_syntax($0.stack) }
  }

  /// Compiles a chunk.
  package func check(_ source: String) -> Answer {
    var source = source
    let result = compiler.withLock { compiler in
      if compiler.stack == nil { compiler.stack = clua_open_syntax() }
      let stack = compiler.stack
      return source.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          clua_check_syntax(stack, $0.baseAddress, $0.count)
        }
      }
    }
    switch UInt32(bitPattern: result) {
    case CLUA_SYNTAX_COMPLETE.rawValue: return .complete
    case CLUA_SYNTAX_INCOMPLETE.rawValue: return .incomplete
    default: return .invalid
    }
  }
}
