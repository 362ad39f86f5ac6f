import ImagineAPI
import ImagineSystem
import Logging
import ServerStore
import Synchronization

/// Finds media that nothing refers to: an upload that was done after its job was deleted, for
/// instance. There should be hardly any.
///
/// A database that was restored from a backup knows nothing of what came later, and would take it for
/// orphans. So they are only counted, unless whoever runs the service wants them removed, and then a
/// few an hour: only those of this store's own id, older than a day, and at most a tenth of all
/// or 1,000.
final class OrphanSweep: Sendable {
  static let ageSeconds = 86_400.0
  static let most = 1000
  private static let seconds = 3600.0

  /// What a sweep found.
  struct Finding: Sendable, Equatable {
    var media = 0
    var orphans: [String] = []
    /// Orphans beyond those that are listed.
    var others = 0
  }

  private let removal: MediaRemoval
  private let store: any ServiceStore
  private let removes: Bool
  private let now: @Sendable () -> Double
  private let logger: Logger
  private let sweptAt = Mutex(0.0)

  /// - Parameters:
  ///   - removes: false to count orphans only.
  ///   - now: seconds since 1970.
  init(
    _ removal: MediaRemoval, store: any ServiceStore, removes: Bool,
    now: @escaping @Sendable () -> Double = { WallClock.now }, logger: Logger
  ) {
    self.removal = removal
    self.store = store
    self.removes = removes
    self.now = now
    self.logger = logger
  }

  /// Sweeps, if the last time was an hour ago.
  func sweepEachHour() async {
    let time = now()
    let isDue = sweptAt.withLock { sweptAt in
      guard abs(time - sweptAt) >= Self.seconds else { return false }
      sweptAt = time
      return true
    }
    guard isDue else { return }
    do {
      try await removal.checkOwner()
      try await sweep()
    } catch {
      logger.error("orphans were not looked for", metadata: ["cause": .string("\(error)")])
    }
  }

  private func sweep() async throws {
    let finding = try await find()
    guard !finding.orphans.isEmpty else { return }
    logger.warning(
      removes ? "orphaned media are removed" : "there are orphaned media",
      metadata: [
        "orphans": .stringConvertible(finding.orphans.count + finding.others),
        "media": .stringConvertible(finding.media), "first": .string(finding.orphans[0]),
      ])
    guard removes else { return }
    for name in finding.orphans.prefix(max(1, min(Self.most, finding.media / 10))) {
      try await removal.storage.remove(below: name)
    }
  }

  /// Looks at all media.
  func find() async throws -> Finding {
    let storage = removal.storage
    let finding = Mutex(Finding())
    for beginning in [MediaName.answers, MediaName.jobs, MediaName.pictures] {
      let old = Mutex<[String]>([])
      let end = now() - Self.ageSeconds
      try await storage.forEach(below: beginning) { [self] medium in
        finding.withLock { $0.media += 1 }
        guard let modifiedAt = medium.modifiedAt, modifiedAt < end else { return true }
        let page = old.withLock { old in
          old.append(medium.name)
          defer { if old.count >= 500 { old = [] } }
          return old.count >= 500 ? old : []
        }
        try await add(orphansAmong: page, to: finding)
        return true
      }
      try await add(orphansAmong: old.withLock { $0 }, to: finding)
    }
    return finding.withLock { $0 }
  }

  private func add(orphansAmong names: [String], to finding: borrowing Mutex<Finding>) async throws
  {
    let orphans = try await orphans(among: names)
    finding.withLock { finding in
      let room = Self.most - finding.orphans.count
      finding.orphans += orphans.prefix(room)
      finding.others += max(0, orphans.count - room)
    }
  }

  /// Of media that are old. Images and answers are not kept for a day.
  private func orphans(among names: [String]) async throws -> [String] {
    guard !names.isEmpty else { return [] }
    func parts(_ name: String) -> [Substring] {
      name.dropFirst(MediaName.jobs.count).split(separator: "/")
    }
    let isOfJobs = names[0].hasPrefix(MediaName.jobs)
    guard isOfJobs else { return names }
    let existing = try await store.existing(
      among: Set(names.compactMap { parts($0).first.map(String.init) }))
    return names.filter { name in parts(name).first.map { !existing.contains(String($0)) } ?? true }
  }
}
