import ImagineAPI
import ImagineSystem
import Logging
import ServerStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension JobWorker {
  /// Seconds for which this server leads unless it asks again, which it does much sooner: what is
  /// limited to so many an hour is limited by the server that leads.
  private var leaderSeconds: Double { max(60, 2.5 * limits.cleanupSeconds) }

  func cleanUpRegularly() async {
    repeat {
      directory.removeOldWork(at: Date().timeIntervalSince1970)
      guard await leads() else { continue }
      await deleteExpiredJobs()
      await removal.removeDue()
      (storage as? FolderStorage)?.removeLeftovers(at: Date().timeIntervalSince1970)
      await removeExpiredRows()
      await orphans.sweepEachHour()
    } while (try? await Task.sleep(for: .seconds(limits.cleanupSeconds))) != nil
  }

  /// Whether this server cleans up what all share. Two may do so for a moment, which harms nothing.
  private func leads() async -> Bool {
    do {
      return try await store.lead("clean", by: name, for: leaderSeconds)
    } catch {
      logger.error("nothing is cleaned up", metadata: ["cause": .string("\(error)")])
      return false
    }
  }

  /// Deletes jobs that ended long ago. Their media are due for removal then.
  private func deleteExpiredJobs() async {
    let end = Date().timeIntervalSince1970 - limits.keepSeconds
    do {
      while case let ids = try await store.deleteEnded(before: end, limit: 100), !ids.isEmpty {
        logger.info("removed old jobs", metadata: ["count": .stringConvertible(ids.count)])
      }
    } catch {
      logger.error("old jobs were not removed", metadata: ["cause": .string("\(error)")])
    }
  }

  /// Removes holds of dead servers and old keys, and adds up old charges.
  private func removeExpiredRows() async {
    let end = Date().timeIntervalSince1970 - limits.chargeSeconds
    do {
      while try await store.removeExpired(chargesBefore: end, limit: 1000) {}
    } catch {
      logger.error("old rows were not removed", metadata: ["cause": .string("\(error)")])
    }
  }
}
