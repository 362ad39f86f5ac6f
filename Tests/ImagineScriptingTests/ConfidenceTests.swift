import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import Synchronization
import Testing

@Suite("The built-in remover says when it is not certain of the subject")
struct ConfidenceTests {
  /// Two dark eyes in skin that fills the frame.
  private static let face = PixelImage.png(width: 120, height: 120) { column, row in
    let isEye = [34, 86].contains { abs(column - $0) < 12 && abs(row - 50) < 6 }
    return isEye ? [40, 28, 20] : [UInt8(196 - row / 4), UInt8(140 - row / 5), 112]
  }

  private static let apple = PixelImage.png(width: 120, height: 120) { column, row in
    let (across, down) = (column - 60, row - 60)
    return across * across + down * down < 1200 ? [200, 30, 24] : [228, 230, 234]
  }

  @Test(
    "a script has it as the image's confidence, over the server's API, and is told of a low one")
  func confidence() async throws {
    let folder = try TemporaryFolder()
    let notices = Mutex<[String]>([])
    var configuration = ScriptHost.Configuration(
      service: .program(Program.server.path),
      environment: ["XDG_CONFIG_HOME": folder.path, "TMPDIR": NSTemporaryDirectory()])
    configuration.home = folder.file("home")
    configuration.provider = "local"
    configuration.notice = { notice in notices.withLock { $0.append(notice) } }
    try await ScriptHost.withHost(configuration) { host in
      let workflow = try host.workflow()
      let apple = try await workflow.decode(Self.apple).removeBackground()
      #expect(try #require(apple.confidence) > 0.9)
      #expect(!notices.withLock { $0.contains { $0.contains("confidence") } })
      let face = try await workflow.decode(Self.face).removeBackground()
      let confidence = try #require(face.confidence)
      #expect(confidence < 0.5)
      #expect(
        notices.withLock {
          $0.contains { $0.contains("remove_background") && $0.contains("\(confidence)") }
        })
      // The journal has it too.
      #expect(try workflow.history().last?.results.first?.confidence == confidence)
    }
  }
}
