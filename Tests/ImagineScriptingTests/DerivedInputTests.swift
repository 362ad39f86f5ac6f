import HostStore
import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Testing

@Suite("An input that is derived on this machine is paid for once, whatever the engine's version")
struct DerivedInputTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One provider, and an engine whose pixels depend on its version.
  private struct Source: ProviderSource, ImageConverter {
    let provider: MemoryProvider
    let version: String

    func provider(named name: String?) throws -> any Provider { provider }
    func provider(describedBy settings: ConfigTable) throws -> any Provider { provider }
    func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
      throw ImagineError(.notFound, "no")
    }
    func limitCalls(concurrency: Int?, rate: Int?) {}
    func version(of provider: any Provider) async throws -> String { "" }

    func convert(
      _ asset: Asset, to conversion: Conversion, into store: any MediaStore
    ) async throws -> Asset {
      try await store.store(BlankImage.png(size: PixelSize(width: 8, height: 8)) + version.utf8)
    }
    func thumbnail(
      of asset: Asset, within box: PixelSize, from store: any MediaStore
    ) async throws -> Thumbnail { throw ImagineError(.notFound, "no") }

    func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
      if let seconds = step.seconds {
        let film = BlankVideo.mp4(size: step.size, duration: seconds)
        return Output(asset: try await store.store(film + version.utf8), engine: version)
      }
      let bytes = BlankImage.png(size: step.size) + "\(version) \(step.operation.name)".utf8
      return Output(asset: try await store.store(bytes), engine: version)
    }
  }

  /// A part of a program, which stops before its last call in the first attempt.
  private func attempt(_ provider: MemoryProvider, engine: String, isWhole: Bool) async throws {
    let database = JournalDatabase(path: folder.file("home/journal.sqlite"))
    let journal = SQLiteJournal(
      database: database, locks: folder.file("home/runs"), dailyLimit: { nil })
    let source = Source(provider: provider, version: engine)
    var script = Script()
    script.path = "/scripts/derive"
    let workflow = Workflow(
      assets: FileAssetStore(root: folder.file("home/assets")),
      ledger: SQLiteJobLedger(database: database), converter: source, providers: source,
      run: RunJournal(journal: journal, script: script, resumption: .lastUnfinished))
    let photo = try await workflow.generate("a boat")
    let part = try await photo.step("crop", ["width": "50%"]).step("rotate", ["degrees": 90])
    let big = try await part.upscale()
    _ = try await big.converted(to: Conversion(format: .png, width: 8)).removeBackground()
    _ = try await photo.step("label", ["text": "x"]).upscale()
    let film = try await workflow.film(
      workflow.step(
        .film, ["clips": [["image": true, "seconds": 2]]], images: ["clips": [photo.input]]))
    _ = try await film.frame(at: 2).upscale()
    guard isWhole else {
      try workflow.run.end(succeeded: false)
      return
    }
    // The same recipe in a call that the first attempt did not make.
    _ = try await part.removeBackground()
    try workflow.run.end(succeeded: true)
  }

  @Test("a resumed run derives other bytes, and pays for no call twice")
  func resumed() async throws {
    let provider = MemoryProvider()
    try await attempt(provider, engine: "engine-1", isWhole: false)
    #expect(provider.requests.map(\.operation.name).count == 5)
    let first = provider.requests[1].images["image"]
    try await attempt(provider, engine: "engine-2", isWhole: true)
    #expect(provider.requests.map(\.operation.name).dropFirst(5) == ["remove_background"])
    // What is sent has the bytes that the run began with, and their engine is in the journal.
    #expect(first != nil && provider.requests[5].images["image"] == first)
    let journal = SQLiteJournal(
      database: JournalDatabase(path: folder.file("home/journal.sqlite")),
      locks: folder.file("home/runs"), dailyLimit: { nil })
    let derived = try journal.calls(of: nil, limit: nil).flatMap(\.derived)
    #expect(derived.count == 5 && Set(derived.compactMap(\.engine)) == ["engine-1"], "\(derived)")
  }

  @Test("a run of its own derives anew")
  func newRun() async throws {
    let provider = MemoryProvider()
    try await attempt(provider, engine: "engine-1", isWhole: true)
    try await attempt(provider, engine: "engine-2", isWhole: true)
    #expect(provider.requests.count == 12)
    #expect(provider.requests[1].images["image"] != provider.requests[7].images["image"])
  }
}
