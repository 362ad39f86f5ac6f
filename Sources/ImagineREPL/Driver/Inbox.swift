import Lua
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Messages from the Lua thread, and a descriptor that is readable while there are any.
final class Inbox: Sendable {
  private let messages = Mutex<[PromptDriver.Message]>([])
  private let pipe: WakeupPipe?

  init() {
    pipe = WakeupPipe()
    if let pipe { _ = fcntl(pipe.readEnd, F_SETFL, O_NONBLOCK) }
  }

  var readEnd: Int32 { pipe?.readEnd ?? -1 }

  func send(_ message: PromptDriver.Message) {
    let isFirst = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    guard isFirst, let pipe else { return }
    var byte: UInt8 = 1
    _ = systemWrite(pipe.writeEnd, &byte, 1)
  }

  func take() -> [PromptDriver.Message] {
    var buffer = [UInt8](repeating: 0, count: 64)
    if let pipe { _ = systemRead(pipe.readEnd, &buffer, buffer.count) }
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
