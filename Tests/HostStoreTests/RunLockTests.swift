import ImagineTestSupport
import Synchronization
import Testing

@testable import HostStore

@Suite("A run has one lock")
struct RunLockTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("the lock has one holder and is free once that is gone")
  func held() throws {
    let path = folder.file("runs/a.lock")
    #expect(!RunLock.isHeld(path))
    var lock = try RunLock(path)
    #expect(lock != nil && RunLock.isHeld(path))
    #expect(try RunLock(path) == nil)
    lock = nil
    #expect(!RunLock.isHeld(path))
  }

  private final class Flags: Sendable {
    let hasBegun = Atomic(false)
    let isOver = Atomic(false)
  }

  @Test("the lock can be taken while others check whether it is held")
  func watched() async throws {
    let path = folder.file("runs/a.lock")
    let flags = Flags()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while !flags.isOver.load(ordering: .relaxed) {
          _ = RunLock.isHeld(path)
          flags.hasBegun.store(true, ordering: .relaxed)
        }
      }
      group.addTask {
        defer { flags.isOver.store(true, ordering: .relaxed) }
        while !flags.hasBegun.load(ordering: .relaxed) { await Task.yield() }
        for _ in 0..<5000 { try #require(try RunLock(path) != nil) }
      }
      try await group.waitForAll()
    }
  }
}
