import Foundation
import HostStore
import ImagineAPI
import ImagineLua
import ImagineRuns
import ImagineTestSupport
import ImagineTesting
import Lua
import MediaFiles
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("The path of a call")
struct CallPathTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Counts what is done with input images, by the hash of their content.
  private struct CountingStore: AssetStore {
    enum Step: Hashable { case staged(String), synced(String), read(String) }

    final class Counts: Sendable {
      let steps = Mutex<[Step: Int]>([:])
      func add(_ step: Step) { steps.withLock { $0[step, default: 0] += 1 } }
    }

    let files: FileAssetStore
    let counts = Counts()

    func stage(_ image: ImageInput) throws -> Asset {
      let asset = try files.stage(image)
      counts.add(.staged(asset.sha256))
      return asset
    }
    func sync(_ asset: Asset) async throws {
      try await files.sync(asset)
      counts.add(.synced(asset.sha256))
    }
    func content(of asset: Asset) throws -> [UInt8] {
      counts.add(.read(asset.sha256))
      return try files.content(of: asset)
    }
    func makeWriter() throws -> any AssetWriter { try files.makeWriter() }
    func sha256(of bytes: [UInt8]) -> String { files.sha256(of: bytes) }
    func asset(sha256: String) throws -> Asset? { try files.asset(sha256: sha256) }
    func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
      try files.bytes(of: asset, from: offset, count: count)
    }
    func verify(_ asset: Asset) throws { try files.verify(asset) }
    func importFile(_ path: FilePath) async throws -> Asset { try await files.importFile(path) }
    func export(
      _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?
    ) async throws {
      try await files.export(asset, to: path, replacing: replacing, embedding: metadata)
    }
  }

  /// Reads each input image of a call, as a service's body does.
  private struct ReadingProvider: Provider {
    let memory = MemoryProvider()
    var profile: ProviderProfile { memory.profile }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      for case .asset(let asset) in request.images.values.joined() {
        _ = try context.store.content(of: asset)
      }
      return try await memory.perform(request, context)
    }
    func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
      try await memory.poll(ticket, context)
    }
    func download(_ address: String, _ context: CallContext) async throws -> Asset {
      try await memory.download(address, context)
    }
  }

  /// Runs a script whose calls go through the store.
  private func run(_ script: String, _ store: CountingStore) async throws {
    let provider = ReadingProvider()
    let workflow = Workflow(testing: provider, store: store)
    let interpreter = try LuaInterpreter()
    let folder = folder.path
    try await interpreter.run { state in
      try ImagineModule(workflow: workflow).install(in: state)
      try state.globals.set("folder", to: folder)
      _ = try state.run(script, name: "=script")
    }
    await interpreter.shutdown()
  }

  @Test("an input file is opened, staged, synced and read for the body once for each call")
  func inputs() async throws {
    let (image, mask) = (folder.file("image.png"), folder.file("mask.png"))
    let imageBytes = TinyImage.png(with: "image")
    let maskBytes = TinyImage.png(with: "mask")
    try Data(imageBytes).write(to: URL(filePath: image))
    try Data(maskBytes).write(to: URL(filePath: mask))
    let store = CountingStore(files: FileAssetStore(root: folder.file("assets")))
    let opened = OpenCounter([image, mask])
    try await run(
      """
      imagine.fill{ prompt = "a cat", image = folder .. "/image.png", mask = folder .. "/mask.png" }
      """, store)
    let hashes = [store.sha256(of: imageBytes), store.sha256(of: maskBytes)]
    for hash in hashes {
      for step in [CountingStore.Step.staged(hash), .synced(hash), .read(hash)] {
        #expect(store.counts.steps.withLock { $0[step] } == 1, "\(step)")
      }
    }
    #expect(store.counts.steps.withLock { $0.count } == 6)
    if let opened { #expect(opened.counts() == [1, 1]) }
  }

  @Test("the values of a script are those of the provider's request and of the journal's entry")
  func values() async throws {
    let provider = MemoryProvider()
    let workflow = Workflow(testing: provider)
    let events = workflow.events()
    let interpreter = try LuaInterpreter()
    try await interpreter.run { state in
      try ImagineModule(workflow: workflow).install(in: state)
      _ = try state.run(
        """
        local extra = { scale = 7.0, steps = 7, list = { 1, 2.0, { a = false } } }
        imagine.generate{ prompt = "a cat", style = "anime", seed = 7, extra = extra }
        """)
    }
    await interpreter.shutdown()
    workflow.eventSource.finish()
    let request = try #require(provider.requests.first)
    #expect(
      request.fields == [
        "prompt": "a cat", "style": "anime", "seed": 7, "aspect_ratio": "1:1",
      ])
    #expect(request.extra == ["scale": 7.0, "steps": 7, "list": [1, 2.0, ["a": false]]])
    // One description stands in every state of the journal.
    var descriptions: Set<RequestDescription> = []
    for await case .call(let call) in events { descriptions.insert(call.request) }
    #expect(descriptions == [RequestDescription(request, images: [:])])
  }

  @Test("an image of an earlier call is staged and synced by nobody, and read once")
  func results() async throws {
    let store = CountingStore(files: FileAssetStore(root: folder.file("assets")))
    try await run("imagine.generate('a cat'):upscale()", store)
    let steps = store.counts.steps.withLock { $0 }
    #expect(steps.count == 2 && steps.values.allSatisfy { $0 == 1 }, "\(steps)")
    #expect(!steps.keys.contains { if case .synced = $0 { true } else { false } })
  }

  @Test("job:wait is one function for all jobs, which is not compiled again")
  func waiting() async throws {
    let store = CountingStore(files: FileAssetStore(root: folder.file("assets")))
    try await run(
      """
      local a, b = imagine.video "a", imagine.video "b"
      assert(rawequal(a.wait, b.wait))
      a:wait()
      collectgarbage("stop")
      local before = collectgarbage("count")
      for _ = 1, 1000 do local wait = a.wait end
      assert(collectgarbage("count") - before < 16, "an access of 'wait' allocates")
      collectgarbage("restart")
      b:wait()
      """, store)
  }
}

/// Counts how often files are opened.
private final class OpenCounter {
  #if canImport(Glibc)
    private let descriptor: Int32
    private let watches: [Int32]

    init?(_ paths: [String]) {
      descriptor = inotify_init1(Int32(IN_NONBLOCK))
      guard descriptor >= 0 else { return nil }
      let descriptor = descriptor
      watches = paths.map { inotify_add_watch(descriptor, $0, UInt32(IN_OPEN)) }
    }

    deinit { close(descriptor) }

    /// The number of openings of each file so far.
    func counts() -> [Int] {
      var counts = [Int32: Int]()
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let length = read(descriptor, &buffer, buffer.count)
      var offset = 0
      while offset + MemoryLayout<inotify_event>.size <= length {
        let event = buffer.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        }
        counts[event.wd, default: 0] += 1
        offset += MemoryLayout<inotify_event>.size + Int(event.len)
      }
      return watches.map { counts[$0] ?? 0 }
    }
  #else
    init?(_ paths: [String]) { nil }
    func counts() -> [Int] { [] }
  #endif
}
