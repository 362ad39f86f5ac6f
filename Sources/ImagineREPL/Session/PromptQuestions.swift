import Synchronization

/// Questions that a session asks its user: the next key `y` or `n` answers.
public final class PromptQuestions: Sendable {
  struct Question: Sendable {
    var text: String
    var answer: @Sendable (Bool) -> Void
  }

  private let receiver = Mutex<(@Sendable (Question) -> Void)?>(nil)

  public init() {}

  func attach(_ new: (@Sendable (Question) -> Void)?) { receiver.withLock { $0 = new } }

  /// Whether the user says yes; nil where no prompt runs.
  public func ask(_ text: String) async -> Bool? {
    await withCheckedContinuation { continuation in
      let question = Question(text: text) { continuation.resume(returning: $0) }
      // Within the lock, so that none is sent after the prompt has gone.
      let isSent = receiver.withLock { receive in
        receive?(question)
        return receive != nil
      }
      if !isSent { continuation.resume(returning: nil) }
    }
  }
}
