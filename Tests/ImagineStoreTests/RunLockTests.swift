import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineStore

@Suite("The lock of a run")
struct RunLockTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("is held by one, and free when that one is gone")
  func held() throws {
    let path = folder.file("runs/a.lock")
    #expect(!RunLock.isHeld(path))
    var lock = try RunLock(path)
    #expect(lock != nil && RunLock.isHeld(path))
    #expect(try RunLock(path) == nil)
    lock = nil
    #expect(!RunLock.isHeld(path))
  }

  private final class Watch: Sendable {
    let hasBegun = Atomic(false)
    let isOver = Atomic(false)
  }

  @Test("is to be had while others ask whether it is held")
  func watched() async throws {
    let path = folder.file("runs/a.lock")
    let watch = Watch()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while !watch.isOver.load(ordering: .relaxed) {
          _ = RunLock.isHeld(path)
          watch.hasBegun.store(true, ordering: .relaxed)
        }
      }
      group.addTask {
        defer { watch.isOver.store(true, ordering: .relaxed) }
        while !watch.hasBegun.load(ordering: .relaxed) { await Task.yield() }
        for _ in 0..<5000 { try #require(try RunLock(path) != nil) }
      }
      try await group.waitForAll()
    }
  }
}
