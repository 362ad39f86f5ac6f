import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// The path of a call, for each operation of each dialect, against a stub that speaks it.
@Suite("A call is paid once in every dialect, wherever its run is killed")
struct DialectTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  struct Case: Sendable, CustomTestStringConvertible {
    let dialect: Dialect
    let operation: String
    var testDescription: String { "\(dialect) \(operation)" }
  }

  private static let cases = Dialect.all.flatMap { dialect in
    dialect.operations.map { Case(dialect: dialect, operation: $0) }
  }

  /// Copies of the home as each change of the journal leaves it, which is what a kill leaves.
  private final class Homes: Sendable {
    struct Point: Hashable, CustomStringConvertible {
      let state: JournaledCall.State
      /// The answer of an edit inside a mask is stored, then its composite.
      var number = 1
      var description: String { "\(state.rawValue)-\(number)" }
    }

    private let points = Mutex<[Point]>([])
    var all: [Point] { points.withLock { $0 } }
    let folder: String

    init(in folder: String) { self.folder = folder }

    func path(_ point: Point) -> String { "\(folder)/\(point)" }

    func keep(_ home: String, _ state: JournaledCall.State) {
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      var point = Point(state: state)
      if state == .stored { point.number += all.count { $0.state == state } }
      // A call that is sent again comes to the same state again.
      try? FileManager.default.removeItem(atPath: path(point))
      guard (try? FileManager.default.copyItem(atPath: home, toPath: path(point))) != nil else {
        return
      }
      points.withLock { points in
        points.removeAll { $0 == point }
        points.append(point)
      }
    }
  }

  /// In place of imagine-server.
  private struct StubConverter: ImageConverter {
    func convert(
      _ asset: Asset, to conversion: Conversion, into store: any MediaStore
    ) async throws -> Asset {
      try await store.store(
        PixelImage.png(width: 1, height: 1, channels: 4) { _, _ in [0, 0, 0, 0] })
    }

    func composite(_ edit: MaskedEdit, into store: any MediaStore) async throws -> Composite {
      let bytes = try store.content(of: edit.edited) + Array("composite".utf8)
      return Composite(
        asset: edit.measuresOnly ? nil : try await store.store(bytes), drift: 0.5)
    }

    func thumbnail(
      of asset: Asset, within box: PixelSize, from store: any MediaStore
    ) async throws -> Thumbnail {
      throw ImagineError(.unavailable, "a thumbnail is not asked for")
    }
  }

  private struct Result {
    var hashes: [String]
    /// In millionths of a dollar.
    var spent: Int64
    var planned: ScriptPlan.Summary?
  }

  /// Makes a call in a run of its own, or in the one that the home has.
  private func call(
    _ trial: Case, at address: String, home: String,
    _ change: (inout ScriptHost.Configuration) -> Void = { _ in }
  ) async throws -> Result {
    try FileSystem.write(
      trial.dialect.settings(address, trial.operation, price: "0.25"),
      to: folder.file("imagine/config.toml"))
    var configuration = ScriptHost.Configuration(
      service: .program("/nonexistent"), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = home
    configuration.converter = StubConverter()
    configuration.provider = "studio"
    configuration.run.script = Script(path: "/dialects.lua", folder: "/")
    change(&configuration)
    let host = ScriptHost(configuration)
    do {
      let workflow = try host.workflow()
      let call = trial.dialect.call(trial.operation)
      let hashes =
        if ["video", "animate"].contains(trial.operation) {
          [try await workflow.job(call).wait(timeout: 30).asset.sha256]
        } else {
          try await workflow.images(call).map(\.asset.sha256)
        }
      if configuration.record != nil { try host.finishRecording() }
      let spent = workflow.spent.amounts.first { $0.unit == "USD" }?.millionths ?? 0
      let planned = host.planned
      try await host.shutdown()
      return Result(hashes: hashes, spent: spent, planned: planned)
    } catch {
      try await host.shutdown(succeeded: false)
      throw error
    }
  }

  @Test(
    "a call is recorded, replayed, planned, budgeted, and resumed at each change of the journal",
    arguments: cases)
  func path(trial: Case) async throws {
    let service = try await DialectStub(trial.dialect)
    let address = service.address
    let homes = Homes(in: folder.file("homes"))
    let (home, recording) = (folder.file("home"), folder.file("run.recording"))
    let first = try await call(trial, at: address, home: home) { configuration in
      configuration.record = recording
      configuration.journalObserver = { homes.keep(home, $0.state) }
    }
    // The first request was refused for now.
    #expect(service.sends == 2)
    let price = 250_000 * Int64(first.hashes.count)
    #expect(first.spent == price)
    let states = trial.dialect.states(of: trial.operation)
    #expect(Set(homes.all.map(\.state)) == states, "\(homes.all)")
    let isMasked = ["fill", "retouch"].contains(trial.operation)
    #expect(homes.all.count == states.count + (isMasked ? 1 : 0), "\(homes.all)")
    for point in homes.all {
      try await resume(trial, service, homes.path(point), point.state, first)
    }

    let planned = try await call(trial, at: address, home: folder.file("plan")) { $0.plans = true }
    #expect(planned.planned?.cost["USD"] == Double(price) / 1_000_000)
    let sends = service.sends
    let error = await #expect(throws: ImagineError.self) {
      try await call(trial, at: address, home: folder.file("budget")) {
        $0.run.budget = Budget.Limit(price: Price(millionths: 100_000, unit: "USD"))
      }
    }
    #expect(error?.kind == .budget && service.sends == sends)
    await service.close()
    let replayed = try await call(trial, at: address, home: folder.file("replay")) {
      $0.replay = recording
    }
    #expect(replayed.hashes == first.hashes)
  }

  private func resume(
    _ trial: Case, _ service: DialectStub, _ home: String, _ state: JournaledCall.State,
    _ first: Result
  ) async throws {
    let sends = service.sends
    if state == .sent {
      let error = await #expect(throws: ImagineError.self) {
        try await call(trial, at: service.address, home: home) {
          $0.run.resumption = .lastUnfinished
        }
      }
      #expect(error?.kind == .uncertain && service.sends == sends)
    }
    let second = try await call(trial, at: service.address, home: home) {
      $0.run.resumption = .lastUnfinished
      $0.run.onUncertain = .retry
    }
    let isSent = state == .intent || state == .sent
    #expect(service.sends == sends + (isSent ? 1 : 0), "\(state)")
    #expect((second.hashes == first.hashes) != isSent, "\(state)")
    #expect(second.spent == (state == .sent ? 2 : 1) * first.spent, "\(state)")
  }

  @Test("what a server refuses for good is told in its own words, and is sent once")
  func faults() async throws {
    for dialect in Dialect.all {
      for fault in dialect.faults {
        let service = try await DialectStub(dialect, answer: fault.answer)
        let trial = Case(dialect: dialect, operation: "generate")
        let error = await #expect(throws: ImagineError.self) {
          try await call(
            trial, at: service.address, home: folder.file("\(dialect)-\(fault.words)"))
        }
        #expect(error?.kind == fault.kind && error?.charged == fault.charged, "\(dialect) \(error)")
        #expect(error?.message.contains(fault.words) == true, "\(dialect) \(error)")
        #expect(error?.retryable == false && error?.field == fault.field, "\(dialect) \(error)")
        #expect(service.sends == 1, "\(dialect) \(fault)")
        await service.close()
      }
    }
  }
}
