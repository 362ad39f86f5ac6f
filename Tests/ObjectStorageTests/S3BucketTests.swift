import AsyncHTTPClient
import Foundation
import ImagineTestSupport
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import ObjectStorage

extension S3Bucket {
  /// A bucket on a server of a test, below a beginning of names that nobody else uses.
  static func test(
    _ server: ObjectServer, secret: String? = nil, wholeBytes: Int = 64 << 20,
    partBytes: Int = 16 << 20
  ) throws -> S3Bucket {
    let endpoint = try #require(S3Endpoint(server.endpoint))
    return try S3Bucket(
      S3Location(
        endpoint: endpoint, bucket: ObjectServer.bucket, prefix: "\(UUID().uuidString)/"),
      S3Credentials(accessKey: server.accessKey, secretKey: secret ?? server.secretKey),
      patience: .init(), wholeBytes: wholeBytes, partBytes: partBytes,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// All names.
  var names: [String] {
    get async throws { try await list(below: "").objects.map(\.name) }
  }
}

@Suite(
  "A bucket of a real server",
  .enabled(if: ObjectServer.isInstalled, "scripts/test installs the servers"))
struct S3BucketTests {
  private static let kinds = ObjectServer.Kind.allCases

  @Test("keeps what was put, and gives ranges of it", arguments: kinds)
  func objects(_ kind: ObjectServer.Kind) async throws {
    let bucket = try S3Bucket.test(try await .shared(kind))
    let name = "jobs/a b+ü/video.mp4"
    #expect(try await bucket.bytes(of: name) == nil)
    #expect(try await bucket.byteCount(of: name) == nil)
    try await bucket.put(Array("0123456789".utf8), as: name, type: "video/mp4")
    #expect(try await bucket.byteCount(of: name) == 10)
    #expect(try await bucket.bytes(of: name) == Array("0123456789".utf8))
    #expect(try await bucket.bytes(of: name, range: 3...5) == Array("345".utf8))
    try await bucket.put([], as: name, type: "video/mp4")
    #expect(try await bucket.byteCount(of: name) == 0)
    for _ in 0..<2 { try await bucket.remove(name) }
    #expect(try await bucket.bytes(of: name) == nil)
  }

  @Test("takes a file whole or in parts, and copies it back", arguments: kinds)
  func files(_ kind: ObjectServer.Kind) async throws {
    let folder = try TemporaryFolder()
    let server = try await ObjectServer.shared(kind)
    // Services demand parts of at least 5 MB, apart from the last.
    let bytes = (0..<(11 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 16) }
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("film")))
    for wholeBytes in [64 << 20, 1 << 20] {
      let bucket = try S3Bucket.test(server, wholeBytes: wholeBytes, partBytes: 5 << 20)
      try await bucket.put(file: folder.file("film"), as: "film.mp4", type: "video/mp4")
      #expect(try await bucket.names == ["film.mp4"])
      let isCopied = try await bucket.copy("film.mp4", to: folder.file("copy"))
      #expect(isCopied)
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder.file("copy")))) == bytes)
      #expect(try await bucket.copy("other", to: folder.file("none")) == false)
    }
    #expect(folder.files == ["copy", "film"])
  }

  @Test("lists and removes what begins alike, beyond one page", arguments: kinds)
  func lists(_ kind: ObjectServer.Kind) async throws {
    let bucket = try S3Bucket.test(try await .shared(kind))
    let begin = Date().timeIntervalSince1970
    let names = ["a/1", "a/2", "a/3", "a&<b>/4", "b/1"]
    for name in names { try await bucket.put([1, 2], as: name, type: "image/png") }
    let first = try await bucket.list(below: "a/", limit: 2)
    #expect(first.objects.map(\.name) == ["a/1", "a/2"] && first.hasMore)
    let second = try await bucket.list(below: "a/", after: "a/2", limit: 2)
    #expect(second.objects.map(\.name) == ["a/3"] && !second.hasMore)
    #expect(second.objects[0].byteCount == 2)
    #expect(abs(try #require(second.objects[0].modifiedAt) - begin) < 60)
    try await bucket.remove(below: "a/")
    #expect(try await Set(bucket.names) == ["a&<b>/4", "b/1"])
    #expect(try await bucket.list(below: "none/").objects.isEmpty)
  }

  @Test("refuses a signature of another key, and the error has no secret", arguments: kinds)
  func signatures(_ kind: ObjectServer.Kind) async throws {
    let server = try await ObjectServer.shared(kind)
    let flipped = String(server.secretKey.dropLast()) + (server.secretKey.last == "A" ? "B" : "A")
    let bucket = try S3Bucket.test(server, secret: flipped)
    let queries: [@Sendable () async throws -> Void] = [
      { try await bucket.put([1], as: "x", type: "image/png") },
      { _ = try await bucket.bytes(of: "x") },
      { _ = try await bucket.list(below: "") },
      { try await bucket.remove("x") },
    ]
    for query in queries {
      let error = await #expect(throws: S3Error.self) { try await query() }
      #expect(error?.status == 403 && error?.code == "SignatureDoesNotMatch", "\(error as Any)")
      #expect(error?.isRetryable == false)
      let text = "\(error as Any)"
      #expect(!text.contains(flipped) && !text.contains(server.accessKey))
    }
  }

  @Test("is read by a signed address, and not by a changed or an old one")
  func addresses() async throws {
    // moto cannot check signed addresses.
    let server = try await ObjectServer.shared(.nanio)
    let bucket = try S3Bucket.test(server)
    try await bucket.put(Array("picture".utf8), as: "p ü.png", type: "image/png")
    let address = bucket.address(of: "p ü.png", seconds: 60)
    func read(_ address: String) async throws -> (status: Int, text: String, type: String?) {
      let answer = try await HTTPClient.shared.execute(
        HTTPClientRequest(url: address), timeout: .seconds(30))
      let body = try await answer.body.collect(upTo: 1 << 20)
      return (
        Int(answer.status.code), String(buffer: body),
        answer.headers.first(name: "content-type")
      )
    }
    let answer = try await read(address)
    #expect(answer.status == 200 && answer.text == "picture" && answer.type == "image/png")
    let last = address.last == "0" ? "1" : "0"
    #expect(try await read(address.dropLast() + last).status == 403)
    let other = address.replacing("Expires=60", with: "Expires=61")
    #expect(other != address)
    #expect(try await read(other).status == 403)
    let old = try S3Bucket(
      bucket.location,
      S3Credentials(accessKey: server.accessKey, secretKey: server.secretKey),
      patience: .init(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      now: { Date().timeIntervalSince1970 - 120 })
    #expect(try await read(old.address(of: "p ü.png", seconds: 60)).status == 403)
  }

  @Test("that does not exist is an error, and not an object that does not", arguments: kinds)
  func noBucket(_ kind: ObjectServer.Kind) async throws {
    let server = try await ObjectServer.shared(kind)
    let bucket = try S3Bucket(
      S3Location(endpoint: try #require(S3Endpoint(server.endpoint)), bucket: "other"),
      S3Credentials(accessKey: server.accessKey, secretKey: server.secretKey),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let error = await #expect(throws: S3Error.self) { _ = try await bucket.bytes(of: "x") }
    #expect(error?.code == "NoSuchBucket", "\(error as Any)")
  }
}
