import Testing

@testable import ImagineServer

@Suite("Waiting for work")
struct BellTests {
  @Test("ends when the time is over, be it at once", .timeLimit(.minutes(1)))
  func short() async {
    let bell = Bell()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<5_000 { await bell.wait(seconds: 0) } }
      }
    }
  }

  @Test(
    "ends at once where it rang before, or where the task is cancelled", .timeLimit(.minutes(1)))
  func atOnce() async {
    let bell = Bell()
    bell.ring()
    await bell.wait(seconds: 3600)
    let waiting = Task { await bell.wait(seconds: 3600) }
    waiting.cancel()
    await waiting.value
  }
}
