import ImagineAPI
import ServerStore

/// The bodies of answers to calls with an `Idempotency-Key`, for a while.
///
/// Each account has a number of bytes; the oldest of its own answers make room.
struct AnswerFiles: Sendable {
  private let storage: any MediaStorage
  private let media: ExpiringMedia

  init(_ storage: any MediaStorage, store: any RemovalStore, limits: Limits) {
    self.storage = storage
    media = ExpiringMedia(
      storage, store: store, lifetime: limits.answerSeconds, limit: limits.answerBytes)
  }

  /// Stores an answer durably. It replaces an earlier one of the same call.
  func store(_ bytes: [UInt8], of call: String, for account: Account) async throws {
    let name = MediaName.answer(call, of: account.id)
    try await media.put(
      bytes, as: name, below: name, type: "application/octet-stream", of: account.id)
  }

  /// The answer of a call; nil if it is not kept any more.
  func bytes(of call: String, for account: Account) async throws -> [UInt8]? {
    try await storage.bytes(of: MediaName.answer(call, of: account.id))
  }
}
