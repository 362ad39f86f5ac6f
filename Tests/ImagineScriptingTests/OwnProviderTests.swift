import HostStore
import ImagineAPI
import ImagineLua
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Lua
import MediaFiles
import Synchronization
import Testing

@Suite("A call of a Swift program is paid for once")
struct OwnProviderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A provider that does not report when it sends.
  private final class Studio: Provider {
    let journal: SQLiteJournal
    let states = Mutex<[JournaledCall.State]>([])

    let profile: ProviderProfile

    init(_ journal: SQLiteJournal) throws {
      self.journal = journal
      profile = ProviderProfile(
        name: "studio", kind: "studio", operations: MediaOperation.all,
        prices: try PriceList(
          ["generate": 3], unit: Price.tokens, of: MediaOperation.all),
        polling: JobPolling(firstPause: 0, maxPause: 0))
    }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      let calls = try journal.calls(of: nil, limit: nil)
      states.withLock { $0 += calls.map(\.state) }
      throw ImagineError(.connection, "lost", charged: .unknown)
    }
  }

  private struct Source: ProviderSource, ImageConverter {
    let studio: Studio

    func provider(named name: String?) throws -> any Provider { studio }
    func provider(describedBy settings: ConfigTable) throws -> any Provider { studio }
    func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
      throw ImagineError(.notFound, "no")
    }
    func limitCalls(concurrency: Int?, rate: Int?) {}
    func version(of provider: any Provider) async throws -> String { "" }
    func convert(
      _ asset: Asset, to conversion: Conversion, into store: any MediaStore
    ) async throws -> Asset { asset }
    func thumbnail(
      of asset: Asset, within box: PixelSize, from store: any MediaStore
    ) async throws -> Thumbnail { throw ImagineError(.notFound, "no") }
  }

  @Test("a call of a provider that does not report its sends counts as sent and reserves its price")
  func unreportedSend() async throws {
    let database = JournalDatabase(path: folder.file("home/journal.sqlite"))
    let journal = SQLiteJournal(
      database: database, locks: folder.file("home/runs"), dailyLimit: { .tokens(4) })
    let studio = try Studio(journal)
    let source = Source(studio: studio)
    let workflow = Workflow(
      assets: FileAssetStore(root: folder.file("home/assets")),
      ledger: SQLiteJobLedger(database: database), converter: source, providers: source,
      run: RunJournal(journal: journal))
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let results = try await interpreter.run { state in
      try ImagineModule(workflow: workflow).install(in: state)
      return try state.run(
        """
        local _, first = pcall(imagine.generate, "a cat")
        local _, second = pcall(imagine.generate, "a dog")
        return first.charged, second.kind, imagine.spent().tokens
        """, name: "=test")
    }
    #expect(results == [.string("unknown"), .string("budget"), .integer(3)])
    #expect(studio.states.withLock { $0 } == [.sent])
    #expect(try journal.runs().first?.uncertain == 1)
  }

  private func makeHost(_ address: String, script: String?) -> ScriptHost {
    var configuration = ScriptHost.Configuration(
      service: .address("\(address)/v2", token: "abc"),
      environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    configuration.run.resumption = .lastUnfinished
    configuration.run.script.path = script
    return ScriptHost(configuration)
  }

  private let metadata = ImageMetadata(
    request: RequestDescription(
      operation: "generate", fields: ["prompt": .text("a cat"), "seed": .integer(7)]),
    provider: "imagine", size: PixelSize(width: 2, height: 1))

  @Test("a resumed run takes a regenerated image from its journal")
  func regenerated() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let first = makeHost(service.address, script: "/scripts/redraw")
    await #expect(throws: ImagineError.self) {
      // The image is generated and paid for, but cannot be saved: its folder is a file.
      try await first.rerun(
        try first.rerunRequest(for: metadata), to: FilePath("/dev/null/a.png"), replacing: true)
    }
    first.close()
    let second = makeHost(service.address, script: "/scripts/redraw")
    try await second.rerun(
      try second.rerunRequest(for: metadata), to: FilePath(folder.file("a.png")))
    second.close()
    #expect(service.requests.count == 1 && folder.files == ["a.png"])
    await service.close()
  }

  @Test("a run that could not be resumed is an error and sends nothing")
  func withoutScript() async throws {
    let service = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let host = makeHost(service.address, script: nil)
    await #expect(throws: ImagineError.self) {
      try await host.rerun(try host.rerunRequest(for: metadata), to: FilePath(folder.file("a.png")))
    }
    host.close()
    #expect(service.requests.isEmpty)
    await service.close()
  }
}
