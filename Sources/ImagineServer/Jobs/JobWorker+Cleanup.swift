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
  func cleanUpRegularly() async {
    repeat {
      await removeExpiredJobs()
      await removeOrphanedFolders()
      removeOldSteps()
      await removeExpiredRows()
    } while (try? await Task.sleep(for: .seconds(limits.cleanupSeconds))) != nil
  }

  /// Deletes jobs that ended long ago, and their videos.
  private func removeExpiredJobs() async {
    let end = Date().timeIntervalSince1970 - limits.keepSeconds
    do {
      while case let ids = try await store.deleteEnded(before: end, limit: 100), !ids.isEmpty {
        for id in ids { FilePath(directory.jobFolder(id)).removeAll() }
        logger.info("removed old jobs", metadata: ["count": .stringConvertible(ids.count)])
      }
    } catch {
      logger.error("old jobs were not removed", metadata: ["cause": .string("\(error)")])
    }
  }

  /// Removes holds of dead servers and old keys, and adds up old charges.
  private func removeExpiredRows() async {
    AnswerFiles(directory, limits: limits).removeExpired()
    let end = Date().timeIntervalSince1970 - limits.chargeSeconds
    do {
      while try await store.removeExpired(chargesBefore: end, limit: 1000) {}
    } catch {
      logger.error("old rows were not removed", metadata: ["cause": .string("\(error)")])
    }
  }

  /// Removes folders without a job: the job was deleted, and its server died before it removed the
  /// folder.
  private func removeOrphanedFolders() async {
    let hourAgo = Date().timeIntervalSince1970 - 3600
    let old = FilePath(directory.jobs).children.filter {
      FileStatus(directory.jobFolder($0)).map { $0.modifiedAt < hourAgo } ?? false
    }
    guard !old.isEmpty, let existing = try? await store.existing(among: Set(old)) else { return }
    for id in old where !existing.contains(id) { FilePath(directory.jobFolder(id)).removeAll() }
  }

  /// Removes the files of steps whose server died. No step takes a day.
  private func removeOldSteps() {
    let dayAgo = Date().timeIntervalSince1970 - 86_400
    for name in FilePath(directory.steps).children {
      let folder = FilePath(directory.steps).appending(name)
      if let status = FileStatus(folder), status.modifiedAt < dayAgo { folder.removeAll() }
    }
  }
}
