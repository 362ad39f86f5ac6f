import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@testable import ImagineServer

@Suite("The keys of addresses")
struct LinkKeysTests {
  private let folder: TemporaryFolder
  private let clock = TestClock(1_000_000)
  private let store: SQLiteServiceStore

  init() throws {
    folder = try TemporaryFolder()
    let clock = clock
    store = try SQLiteServiceStore(path: folder.file("server.sqlite"), now: { clock.seconds })
  }

  /// Those of one more server.
  private func keys() throws -> LinkKeys {
    let clock = clock
    return try LinkKeys(
      DataDirectory(folder.path), store: store, lifetime: 3600, now: { clock.seconds })
  }

  private struct Address {
    let key: Substring?
    let expires: Substring?
    let signature: Substring?

    init(_ path: String) {
      var fields: [Substring: Substring] = [:]
      for pair in path.split(separator: "?")[1].split(separator: "&") {
        let parts = pair.split(separator: "=")
        fields[parts[0]] = parts[1]
      }
      (key, expires, signature) = (fields["key"], fields["expires"], fields["signature"])
    }
  }

  private func allows(_ keys: LinkKeys, _ address: Address, key: Substring?) async throws -> Bool {
    try await keys.current(knowing: key).allows(
      "id", .video, expires: address.expires, key: key, signature: address.signature)
  }

  private func address(_ keys: LinkKeys) async throws -> Address {
    Address(try await keys.current().path("id", .video))
  }

  @Test("are the same for servers that begin at once, and for later ones")
  func first() async throws {
    let servers = try (0..<8).map { _ in try keys() }
    let paths = try await withThrowingTaskGroup(of: String.self) { group in
      for server in servers {
        group.addTask { try await server.current().path("id", .video) }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(paths.count == 1)
    #expect(try await store.linkKeys().count == 1)
  }

  @Test("begin with the key of an older version, whose addresses have no key")
  func takeover() async throws {
    let path = folder.file("media.key")
    try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o600)
    let keys = try keys()
    let address = try await address(keys)
    #expect(address.key == "file")
    #expect(try await store.linkKeys().map(\.id) == ["file"])
    #expect(try await store.linkKeys().map(\.bytes) == [Array(repeating: 7, count: 32)])
    #expect(try await allows(keys, address, key: nil))
    #expect(try await allows(keys, address, key: "file"))
    #expect(try await allows(keys, address, key: "other") == false)
  }

  @Test("sign a minute after they were added, and are accepted at once and until they are removed")
  func rotation() async throws {
    let (one, two) = (try keys(), try keys())
    let first = try await address(one)
    _ = try await address(two)
    clock.seconds += 100
    let id = try await store.rotateLinkKeys()
    clock.seconds += 31
    #expect(try await address(one).key == first.key)
    clock.seconds += 30
    let second = try await address(one)
    #expect(second.key == id[...])
    // The other server has not read the keys for a minute.
    #expect(try await allows(two, second, key: second.key))
    #expect(try await allows(two, first, key: first.key))
    #expect(try await allows(two, second, key: first.key) == false)
    try await store.removeLinkKey(id: String(first.key ?? ""))
    clock.seconds += 31
    #expect(try await allows(one, first, key: first.key) == false)
    #expect(try await allows(one, second, key: second.key))
  }

  @Test("are removed by a command, but not the last one")
  func command() async throws {
    func run(_ words: String...) async throws -> (status: Int32, out: String, err: String) {
      let process = try ServerProcess(["links"] + words + ["--home", folder.file("home")])
      let status = await process.exit()
      return (status, process.outputText.trimmingCharacters(in: .newlines), process.log)
    }
    let first = try await run("rotate").out
    let refused = try await run("remove", first)
    #expect(refused.status == 1 && refused.err.contains("links rotate"), "\(refused)")
    let second = try await run("rotate").out
    #expect(try await run("remove", first).status == 0)
    #expect(try await run("list").out.hasPrefix("\(second)\t"))
  }

  @Test("are used on while the store does not answer")
  func outage() async throws {
    let (faults, clock) = (StoreFaults(), clock)
    let keys = try LinkKeys(
      DataDirectory(folder.path), store: FaultyStore(store, faults), lifetime: 3600,
      now: { clock.seconds })
    faults.begin(.unreachable)
    await #expect(throws: StoreUnreachable.self) { _ = try await keys.current() }
    faults.end()
    let address = try await address(keys)
    faults.begin(.unreachable)
    clock.seconds += 3000
    #expect(try await allows(keys, address, key: address.key))
  }
}
