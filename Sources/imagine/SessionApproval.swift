import ImagineAPI
import ImagineRuns
import Synchronization

/// Lets every call be made until a session begins that asks its user.
final class SessionApproval: SpendingApproval {
  private let asking = Mutex<AskingApproval?>(nil)

  func begin(_ approval: AskingApproval) { asking.withLock { $0 = approval } }

  func approve(_ price: Price, of spent: [Price]) async throws {
    try await asking.withLock { $0 }?.approve(price, of: spent)
  }
}
