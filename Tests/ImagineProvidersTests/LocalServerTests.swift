import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import LocalServer
import Logging
import MediaFiles
import Synchronization
import Testing

@testable import ImagineProviders

/// Real servers that are killed.
@Suite("Calls in flight at a private server that dies", .serialized)
struct LocalServerTests {
  private let folder: TemporaryFolder
  private let server: LocalServer
  private let transport = HTTPTransport(logger: Logger(label: "test"))

  init() throws {
    folder = try TemporaryFolder()
    // Notes the process of each server.
    let script =
      "#!/bin/sh\necho $$ >>'\(folder.file("started"))'\nexec '\(Program.server.path)' \"$@\"\n"
    let program = folder.file("server")
    try FileSystem.write(script, to: program)
    chmod(program, 0o700)
    server = LocalServer(
      program: program, home: folder.file("home"),
      environment: ProcessInfo.processInfo.environment)
  }

  /// The servers that were started, in order.
  private var started: [Int32] {
    let text = try? String(contentsOfFile: folder.file("started"), encoding: .utf8)
    return text?.split(separator: "\n").compactMap { Int32($0) } ?? []
  }

  private func ask(_ endpoint: Endpoint) async throws -> String {
    try await ServerConverter(transport: transport, target: endpoint).engineVersion()
  }

  /// A request that kills the server that gets it.
  private func poison(_ endpoint: Endpoint) async throws -> String {
    if let last = started.last { kill(last, SIGKILL) }
    return try await askUntilLost(endpoint)
  }

  /// The end of a process and that of its socket are not the same moment.
  private func askUntilLost(_ endpoint: Endpoint) async throws -> String {
    while true {
      _ = try await ask(endpoint)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("are made once more, one at a time; the one that kills each server fails alone")
  func poisoned() async throws {
    defer { server.stop() }
    let all = Gate(5, opensByItself: true)
    let repeated = Mutex((now: 0, most: 0, all: 0))
    let outcomes = try await withThrowingTaskGroup(of: (Int, Result<String, ImagineError>).self) {
      group in
      for number in 0..<5 {
        group.addTask { [self] in
          let attempts = Mutex(0)
          do throws(ImagineError) {
            let version = try await call { endpoint in
              let isFirst = attempts.withLock { attempts in
                attempts += 1
                return attempts == 1
              }
              guard !isFirst else {
                await all.arrive()
                return try await number == 2 ? poison(endpoint) : askUntilLost(endpoint)
              }
              repeated.withLock { state in
                (state.now, state.all) = (state.now + 1, state.all + 1)
                state.most = max(state.most, state.now)
              }
              defer { repeated.withLock { $0.now -= 1 } }
              return try await number == 2 ? poison(endpoint) : ask(endpoint)
            }
            return (number, .success(version))
          } catch {
            return (number, .failure(error))
          }
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (number, outcome) in outcomes {
      switch outcome {
      case .success(let version): #expect(number != 2 && !version.isEmpty)
      case .failure(let error):
        #expect(number == 2, "\(error)")
        #expect(error.kind == .server && !error.retryable && error.charged == .no)
        #expect(error.message.contains("died twice"))
      }
    }
    let counts = repeated.withLock { $0 }
    #expect(counts.all == 5 && counts.most == 1)
    // One for all, one until the poisoned call was repeated, one for those after it, if any.
    #expect((2...3).contains(started.count))
    let later = try await call { try await ask($0) }
    #expect(!later.isEmpty)
  }

  /// A call whose error is one of ours.
  private func call(
    _ send: @Sendable (Endpoint) async throws -> String
  ) async throws(ImagineError) -> String {
    do {
      return try await server.call(send)
    } catch let error as ImagineError {
      throw error
    } catch {
      throw ImagineError(.server, "an unexpected error: \(error)", retryable: true)
    }
  }

  @Test("are made once more for providers and converters, which see no fault")
  func providers() async throws {
    defer { server.stop() }
    let store = FileAssetStore(root: folder.file("assets"))
    let provider = ImagineProvider.local(transport: transport, target: server)
    let drawing = try MediaOperation.generate.request(
      from: ["prompt": "a cat", "seed": 3], source: .script)
    let image = try #require(
      try await provider.outputs(drawing, count: 1, options: CallOptions(), into: store).first)
    let request = try MediaOperation.upscale.request(
      from: [:], images: ["image": [.asset(image.asset)]], source: .script)
    async let upscaled = provider.outputs(request, count: 1, options: CallOptions(), into: store)
    try await whenRunning { kill(started[0], SIGKILL) }
    let size = try #require(try await upscaled.first?.asset.header?.size)
    #expect(size == PixelSize(width: 2048, height: 2048))
    #expect(started.count == 2)
  }

  /// Does something as soon as the server computes an image.
  private func whenRunning(_ body: () -> Void) async throws {
    let isRunning = try await eventually {
      let text = try await server.call { [transport] endpoint in
        let call = HTTPTransport.Call(
          method: "GET", address: "\(endpoint.baseURL.dropLast(3))/metrics",
          endpoint: "GET /metrics", limit: TimeLimit(total: 10))
        return try await transport.perform(call) { answer in
          String(decoding: try await answer.bytes(), as: UTF8.self)
        }
      }
      return text.contains("imagine_engine_calls{state=\"running\"} 1")
    }
    #expect(isRunning)
    body()
  }
}
