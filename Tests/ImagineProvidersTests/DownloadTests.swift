import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Synchronization
import Testing

@testable import ImagineProviders

@Suite("A download is retried and arrives whole or not at all")
struct DownloadTests {
  static let content = Array("0123456789".utf8)

  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private func download(from stub: StubServer) async throws -> Asset {
    let transport = HTTPTransport(logger: Logger(label: "test"))
    let endpoint = Endpoint(baseURL: "\(stub.address)/v2", token: nil)
    return try await Download(transport: transport, source: .service(endpoint), store: store)
      .fetch("\(stub.address)/video.mp4")
  }

  /// Answers the first request with five of ten bytes, and later ones with `rest`.
  private func stub(
    tag: String?, _ rest: @escaping @Sendable (StubServer.Request) -> StubServer.Answer
  ) async throws -> StubServer {
    let isFirst = Mutex(true)
    return try await StubServer { request in
      let cut = isFirst.withLock { isFirst in
        defer { isFirst = false }
        return isFirst
      }
      guard cut else { return rest(request) }
      return .cut(
        length: 10, body: Array(Self.content[..<5]), headers: tag.map { ["etag": $0] } ?? [:])
    }
  }

  @Test("a download resumes where it broke off if the file is unchanged")
  func resumed() async throws {
    let stub = try await stub(tag: "\"v1\"") { _ in
      .full(
        status: 206, headers: ["content-range": "bytes 5-9/10", "etag": "\"v1\""],
        body: Array(Self.content[5...]))
    }
    let asset = try await download(from: stub)
    #expect(try store.bytes(of: asset, from: 0, count: 100) == Self.content)
    #expect(stub.requests.map(\.headers["range"]) == [nil, "bytes=5-"])
    #expect(stub.requests.map(\.headers["if-range"]) == [nil, "\"v1\""])
    await stub.close()
  }

  @Test("a download restarts if the server does not support ranges", arguments: ["\"v1\"", nil])
  func restarted(tag: String?) async throws {
    let stub = try await stub(tag: tag) { _ in .full(status: 200, body: Self.content) }
    let asset = try await download(from: stub)
    #expect(try store.bytes(of: asset, from: 0, count: 100) == Self.content)
    #expect(stub.requests.count == 2)
    await stub.close()
  }

  @Test("a download follows a redirect to a relative path")
  func relativeRedirect() async throws {
    let stub = try await StubServer { request in
      request.target == "/other.mp4"
        ? .full(status: 200, body: Self.content)
        : .full(status: 302, headers: ["location": "/other.mp4"], body: [])
    }
    let asset = try await download(from: stub)
    #expect(try store.bytes(of: asset, from: 0, count: 100) == Self.content)
    await stub.close()
  }

  @Test("an expired address is an error and leaves no file")
  func expired() async throws {
    let stub = try await stub(tag: nil) { _ in .full(status: 403, body: []) }
    let error = await #expect(throws: ImagineError.self) { _ = try await download(from: stub) }
    #expect(error?.kind == .authorization)
    #expect(folder.files == [])
    await stub.close()
  }
}
