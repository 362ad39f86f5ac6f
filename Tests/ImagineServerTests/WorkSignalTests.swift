import Testing

@testable import ImagineServer

@Suite("Waiting for work")
struct WorkSignalTests {
  @Test("ends after the timeout, even a timeout of zero", .timeLimit(.minutes(1)))
  func short() async {
    let workSignal = WorkSignal()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<5_000 { await workSignal.wait(upTo: 0) } }
      }
    }
  }

  @Test(
    "ends at once after an earlier signal, and when the task is cancelled", .timeLimit(.minutes(1)))
  func atOnce() async {
    let workSignal = WorkSignal()
    workSignal.signal()
    await workSignal.wait(upTo: 3600)
    let waiting = Task { await workSignal.wait(upTo: 3600) }
    waiting.cancel()
    await waiting.value
  }
}
