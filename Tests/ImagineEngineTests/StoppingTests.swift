import Foundation
import ImagineAPI
import Synchronization
import Testing

@testable import ImagineEngine

/// A call ends soon after its control is stopped.
@Suite struct StoppingTests {
  let engine = BuiltInEngine()

  /// Large enough that every edit takes seconds.
  private func large() throws -> (image: [UInt8], mask: [UInt8]) {
    let (width, height) = (2400, 1600)
    let image = try Codec.encode(
      Bitmap(width: width, height: height, channels: 3) { bytes in
        for index in bytes.indices {
          bytes[index] = UInt8(truncatingIfNeeded: index / 3 % width / 9 &* 31 ^ index / 7000)
        }
      }, as: .jpeg)
    let mask = try Mask.file(width, height) { index in
      (500..<1900).contains(index % width) && (300..<1300).contains(index / width)
    }
    return (image, mask)
  }

  @Test("an abandoned edit checks its control only a few more times, and returns nothing")
  func abandoned() throws {
    let (image, mask) = try large()
    for after in [1, 5, 40] {
      for edit in Edit.all(image, mask) {
        let asked = Mutex(0)
        let control = EngineControl {
          asked.withLock {
            $0 += 1
            return $0 <= after
          }
        }
        let stopped = Edit.all(image, mask, control: control).first { $0.name == edit.name }
        let start = ContinuousClock.now
        do {
          _ = try #require(stopped).run(engine)
          // It finished before it asked that often.
          #expect(asked.withLock { $0 } <= after, "\(edit.name)")
        } catch EngineControl.Stop.cancelled {
        } catch {
          Issue.record("\(edit.name): \(error)")
        }
        // Far below what the work takes, far above what a loaded machine adds.
        #expect(ContinuousClock.now - start < .seconds(20), "\(edit.name) after \(after)")
      }
    }
  }

  @Test("a deadline ends a call at any stage")
  func deadline() throws {
    let (image, mask) = try large()
    for edit in Edit.all(image, mask, control: EngineControl(seconds: 0)) {
      #expect(throws: EngineControl.Stop.timedOut, "\(edit.name)") { _ = try edit.run(engine) }
    }
    #expect(throws: EngineControl.Stop.timedOut) {
      try engine.paint(
        prompt: "a city", style: .sdxl, aspectRatio: .square, seed: 1,
        control: EngineControl(seconds: 0))
    }
    #expect(throws: EngineControl.Stop.timedOut) {
      try engine.png(
        prompt: "a cat", aspectRatio: .square, seed: 1, control: EngineControl(seconds: 0))
    }
  }

  @Test("a deadline can be moved earlier but not later")
  func hurry() {
    let control = EngineControl(seconds: 0)
    control.shortenDeadline(seconds: 1000)
    #expect(control.stopReason == .timedOut)
    let other = EngineControl(seconds: 1000)
    other.shortenDeadline(seconds: 0)
    #expect(other.stopReason == .timedOut)
    #expect(EngineControl().stopReason == nil)
  }

  @Test("a hanging video encoder is killed with its children when the video is abandoned")
  func hungEncoder() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/hung-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let program = folder + "/ffmpeg"
    try "#!/bin/sh\nsleep 300 & echo $! > \(folder)/child; wait\n".write(
      toFile: program, atomically: true, encoding: .utf8)
    #expect(chmod(program, 0o755) == 0)
    let control = EngineControl {
      // Abandon the video once the program has started.
      !FileManager.default.fileExists(atPath: folder + "/child")
    }
    let size = PixelSize(width: 64, height: 64)
    #expect(throws: EngineControl.Stop.cancelled) {
      let encoder = try VideoEncoder(
        size: size, framesPerSecond: 24, path: folder + "/film.mp4", control: control,
        program: program)
      let frame = [UInt8](repeating: 0, count: 64 * 64 * 3)
      while true { try frame.withUnsafeBufferPointer { try encoder.write($0) } }
    }
    let text = try String(contentsOfFile: folder + "/child", encoding: .utf8)
    if let child = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
      // The child was orphaned; its new parent may take a moment to reap it.
      var isGone = false
      for _ in 0..<3000 where !isGone {
        isGone = kill(child, 0) != 0 || Self.isZombie(child)
        if !isGone { try await Task.sleep(for: .milliseconds(10)) }
      }
      #expect(isGone)
    }
  }

  private static func isZombie(_ process: pid_t) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    return status?.contains(") Z ") ?? true
  }
}
