import AsyncHTTPClient
import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import NIOCore
import NIOHTTP1
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("Images of upstreams")
struct UpstreamImageTests {
  private let key = "sk-secret-1"

  /// Runs a service with upstreams.
  private func serving(
    _ settings: String, balance: Int64? = nil, environment: [String: String] = [:],
    limits: (inout Limits) -> Void = { _ in },
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    let descriptions = try UpstreamDescription.all(in: settings)
    try await RunningServer.with {
      $0.upstreams = descriptions
      $0.environment = environment
      $0.limits.upstreamPauseSeconds = 0.3
      limits(&$0.limits)
      if let balance {
        let digest = Authentication.digest(of: "test")
        $0.authentication = .listed(TokenList(entries: [digest: .init(balance: balance)]))
      }
    } _: { server in
      try await body(server)
    }
  }

  @Test(
    "of a model come from its upstream, in the size that was asked for, and not as the engine's")
  func model() async throws {
    let stub = try await UpstreamStub { _ in UpstreamStub.image(SampleMedia.png, count: 2) }
    try await serving(
      stub.settings("models = [\"m\"]\ntoken_env = \"KEY\""), environment: ["KEY": key]
    ) { server in
      let answer = try await server.images(
        #"{"model":"m","prompt":"a cat","n":2,"size":"1792x1024","response_format":"b64_json"}"#)
      #expect(answer.status == 200 && answer.headers["x-imagine-engine"] == nil, "\(answer.text)")
      let images = try answer.base64Images()
      let wide = PixelSize(width: 1792, height: 1024)
      #expect(images.map { ImageHeader($0)?.size } == [wide, wide])
      #expect(stub.requests.last?.headers["authorization"] == "Bearer \(key)")
      #expect(stub.fields["model"]?.text == "m" && stub.fields["n"]?.integer == 2)
      #expect(stub.fields["size"]?.text == "1792x1024")
      let own = try await server.images(#"{"model":"flux-1","prompt":"a cat"}"#)
      #expect(own.status == 200 && own.headers["x-imagine-engine"] == "stub")
      let list = try await server.send(.get, "/v1/models").json["data"] as? [[String: Any]]
      #expect(list?.compactMap { $0["id"] as? String } == ["flux-1", "m", "fast-svd"])
      #expect(try await server.send(.get, "/v1/models/m").status == 200)
    }
  }

  @Test("of a style come from its upstream; an unknown style names those that there are")
  func style() async throws {
    let stub = try await UpstreamStub()
    try await serving(stub.settings("styles = [\"studio\"]\nmodel = \"real\"")) { server in
      let answer = try await server.generate("Studio")
      #expect(answer.status == 200 && answer.headers["x-imagine-engine"] == nil)
      #expect(answer.headers["x-imagine-seed"] == nil)
      #expect(ImageHeader(answer.bytes)?.size == PixelSize(width: 1024, height: 1024))
      #expect(stub.fields["model"]?.text == "real")
      let unknown = try await server.generate("stud")
      #expect(unknown.status == 400 && unknown.message.contains("studio"), "\(unknown.message)")
      let own = try await server.generate("anime")
      #expect(own.headers["x-imagine-engine"] == "stub" && own.headers["x-imagine-seed"] != nil)
      let seeded = try await server.post(
        "/v2/image/generations",
        FormWriter(["prompt": "a cat", "style": "studio", "seed": "7"]))
      #expect(seeded.status == 200 && stub.fields["seed"]?.integer == 7)
      #expect(seeded.headers["x-imagine-seed"] == "7")
    }
  }

  @Test("what the upstream cannot do is refused by name before anything is held or sent")
  func refusal() async throws {
    let drawings = """
      [[upstream]]
      name = "drawings"
      kind = "command"
      styles = ["drawn"]
      generate = ["no-such-program", "{prompt}", "{output}"]
      """
    try await serving(drawings, balance: 0) { server in
      let answer = try await server.post(
        "/v2/image/generations", FormWriter(["prompt": "a", "style": "drawn", "seed": "7"]))
      #expect(answer.code == 1100 && answer.message.contains("'seed'"), "\(answer.text)")
      #expect(try await server.generate("drawn").code == 1101)
    }
  }

  @Test("never more calls than the capacity are in flight; the least loaded upstream is first")
  func capacity() async throws {
    let gate = Gate(3)
    let answer: StubServer.Handler = { _ in
      await gate.arrive()
      return UpstreamStub.image(SampleMedia.png)
    }
    let (small, large) = (try await UpstreamStub(answer), try await UpstreamStub(answer))
    try await serving(
      small.settings("models = [\"m\"]\ncapacity = 1", name: "small")
        + large.settings("models = [\"m\"]\ncapacity = 2", name: "large")
    ) { server in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<12 {
          group.addTask { try await server.images(#"{"model":"m","prompt":"a"}"#).status }
        }
        _ = try await eventually { small.inFlight == 1 && large.inFlight == 2 ? true : nil }
        await gate.open()
        for try await status in group { #expect(status == 200) }
      }
      #expect(small.most == 1 && large.most == 2)
      #expect(small.requests.count + large.requests.count == 12)
    }
  }

  @Test("a call that was certainly not sent goes to the next upstream; no other is sent twice")
  func next() async throws {
    let gone = try await UpstreamStub()
    let lines = gone.settings("models = [\"m\", \"x\"]", name: "gone")
    await gone.close()
    let good = try await UpstreamStub()
    let broken = try await UpstreamStub { _ in .close }
    try await serving(
      lines + broken.settings("models = [\"y\"]", name: "broken")
        + good.settings("models = [\"m\", \"y\"]", name: "good")
    ) { server in
      #expect(try await server.images(#"{"model":"m","prompt":"a"}"#).status == 200)
      #expect(good.requests.count == 1)
      let unsent = try await server.images(#"{"model":"x","prompt":"a"}"#)
      #expect(unsent.status == 503 && unsent.headers["retry-after"] != nil, "\(unsent.text)")
      // The connection broke after the request was written.
      let lost = try await server.images(#"{"model":"y","prompt":"a"}"#)
      #expect(lost.status == 500, "\(lost.text)")
      #expect(broken.requests.count == 1 && good.requests.count == 1)
      for answer in [unsent, lost] {
        #expect(!answer.text.contains("127.0.0.1") && !answer.text.contains("gone"))
      }
    }
  }

  @Test("an upstream that dies during a call leaves it unknown: 1205, and nobody is charged")
  func death() async throws {
    let stub = try await UpstreamStub { _ in .close }
    try await serving(stub.settings("styles = [\"studio\"]\nmodel = \"m\""), balance: 100) {
      server in
      let answer = try await server.generate("studio")
      #expect(answer.code == 1205 && stub.requests.count == 1)
      let digest = Authentication.digest(of: "test")
      #expect(try await server.store.balance(of: digest) == 100)
    }
  }

  @Test("faults in a row open the circuit: no call is sent; a probe closes it")
  func circuit() async throws {
    let isWell = Mutex(false)
    let stub = try await UpstreamStub { _ in
      isWell.withLock { $0 } ? UpstreamStub.image(SampleMedia.png) : .json(500, "{}")
    }
    try await serving(stub.settings("styles = [\"studio\"]\nmodel = \"m\"")) {
      $0.upstreamFaults = 2
      $0.upstreamPauseSeconds = 2
    } _: { server in
      for _ in 0..<2 {
        let answer = try await server.generate("studio")
        #expect(answer.code == 1205)
      }
      let open = try await server.generate("studio")
      #expect(open.code == 1200 && open.headers["retry-after"] != nil)
      #expect(stub.requests.count == 2)
      isWell.withLock { $0 = true }
      _ = try await eventually {
        try await server.generate("studio").status == 200 ? true : nil
      }
      #expect(stub.requests.count == 3)
    }
  }

  @Test(
    "a refusal of content stays one; a 429 is waited for; a wrong key is the server's own affair")
  func answers() async throws {
    let reply = Mutex<[StubServer.Answer]>([])
    let stub = try await UpstreamStub { _ in
      reply.withLock { $0.isEmpty ? UpstreamStub.image(SampleMedia.png) : $0.removeFirst() }
    }
    try await serving(
      stub.settings("styles = [\"studio\"]\nmodels = [\"m\"]\ntoken_env = \"KEY\""),
      environment: ["KEY": key]
    ) { server in
      let refusal = StubServer.Answer.json(
        400, #"{"error":{"code":"content_policy_violation","message":"not \#(stub.address)"}}"#)
      reply.withLock { $0 = [refusal, refusal] }
      let refused = try await server.generate("studio")
      #expect(refused.status == 400 && refused.text.contains("content_policy_violation"))
      #expect(!refused.text.contains(stub.address), "\(refused.text)")
      let error = try await server.images(#"{"model":"m","prompt":"a"}"#).json["error"]
      #expect((error as? [String: Any])?["code"] as? String == "content_policy_violation")
      let busy = StubServer.Answer.full(
        status: 429, headers: ["retry-after-ms": "150"], body: Array("{}".utf8))
      reply.withLock { $0 = [busy, busy] }
      let before = stub.requests.count
      #expect(try await server.generate("studio").status == 200)
      #expect(stub.requests.count == before + 3)
      reply.withLock { $0 = [.json(401, #"{"error":"key \#(key) is wrong"}"#)] }
      #expect(try await server.generate("studio").status == 200)
      reply.withLock { $0 = Array(repeating: .json(401, #"{"error":"key \#(key)"}"#), count: 2) }
      let wrong = try await server.generate("studio")
      #expect(wrong.code == 1200 && !wrong.text.contains(key), "\(wrong.text)")
      reply.withLock { $0 = [.json(400, #"{"error":"bad \#(key) size","param":"size"}"#)] }
      let invalid = try await server.generate("studio")
      #expect(invalid.code == 1100 && invalid.message.contains("bad sk-… size"), "\(invalid.text)")
    }
  }

  @Test("an answer that is no image, is cut off or has too few images is 1205")
  func damagedAnswers() async throws {
    let reply = Mutex(UpstreamStub.image(SampleMedia.png))
    let stub = try await UpstreamStub { _ in reply.withLock { $0 } }
    try await serving(stub.settings("styles = [\"studio\"]\nmodel = \"m\"")) { server in
      for bytes in [Array("no image".utf8), Array(SampleMedia.png.prefix(200))] {
        reply.withLock { $0 = UpstreamStub.image(bytes) }
        let answer = try await server.generate("studio")
        #expect(answer.code == 1205)
      }
      reply.withLock { $0 = .json(200, "{\"data\":[]}") }
      let answer = try await server.generate("studio")
      #expect(answer.code == 1205)
    }
  }

  @Test("a client that hangs up does not end a call that is billed: it is settled")
  func hangUp() async throws {
    let gate = Gate(1)
    let stub = try await UpstreamStub { _ in
      await gate.arrive()
      return UpstreamStub.image(SampleMedia.png)
    }
    try await serving(
      stub.settings("models = [\"m\"]\ncapacity = 1"), balance: 100
    ) { server in
      let sent = Task {
        var request = HTTPClientRequest(url: server.address + "/v1/images/generations")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer test")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(Array(#"{"model":"m","prompt":"a"}"#.utf8))
        _ = try? await HTTPClient.shared.execute(request, timeout: .minutes(1))
      }
      _ = try await eventually { stub.inFlight == 1 ? true : nil }
      sent.cancel()
      await sent.value
      await gate.open()
      let digest = Authentication.digest(of: "test")
      let price = Int64(ImageStyle.fluxDev.price ?? 0)
      _ = try await eventually {
        try await server.store.balance(of: digest) == 100 - price ? true : nil
      }
      #expect(stub.requests.count == 1)
    }
  }

  @Test("a call that nobody waits for ends, unless it was sent")
  func unwanted() async throws {
    let isWanted = Mutex(true)
    let hasBegun = Gate(1)
    let call = Task {
      try await whileWanted({ isWanted.withLock { $0 } }) {
        await hasBegun.open()
        try await Task.sleep(for: .seconds(600))
      }
    }
    await hasBegun.arrive()
    isWanted.withLock { $0 = false }
    await #expect(throws: CancellationError.self) { try await call.value }
  }

  @Test("an edit inside a mask is sent as the upstream reads it, and the rest is put back")
  func mask() async throws {
    let stub = try await UpstreamStub()
    try await serving(stub.settings("operations = [\"fill\"]\nmodel = \"m\"")) { server in
      let form = FormWriter(["prompt": "a vase"]).adding("image", file: SampleMedia.png)
        .adding("mask", file: SampleMedia.png)
      let answer = try await server.post("/v2/image/edits/generative-fill", form)
      #expect(answer.status == 200, "\(answer.text.prefix(200))")
      #expect(ImageHeader(answer.bytes)?.size == ImageHeader(SampleMedia.png)?.size)
      #expect(String(decoding: answer.bytes, as: UTF8.self).contains("composite"))
      let request = try #require(stub.requests.last)
      #expect(request.target.hasSuffix("/images/edits"))
      #expect(request.text.contains("name=\"mask\"") && request.text.contains("a vase"))
    }
  }

  @Test("ComfyUI is asked until its image is there")
  func comfy() async throws {
    let folder = try TemporaryFolder()
    try FileSystem.write(ComfyWorkflows.generate, to: folder.file("flux.json"))
    let stub = try await ComfyStub(faults: [nil, .failed])
    try await serving(
      UpstreamStub.settings(
        """
        models = ["m"]
        [upstream.workflows.generate]
        file = "\(folder.file("flux.json"))"
        inputs = { prompt = "6.text", seed = "3.seed", width = "5.width", height = "5.height" }
        output = "9"
        """, name: "comfy", kind: "comfy", address: stub.address)
    ) { server in
      let answer = try await server.images(
        #"{"model":"m","prompt":"a cat","response_format":"b64_json"}"#)
      #expect(answer.status == 200, "\(answer.text.prefix(300))")
      #expect(try answer.base64Images().count == 1)
      let failed = try await server.images(#"{"model":"m","prompt":"a cat"}"#)
      #expect(failed.status == 500 && !failed.text.contains(stub.address), "\(failed.text)")
      #expect(stub.sent.count == 2)
    }
  }

  @Test("a program makes images too, and does not see the keys of services and of the database")
  func program() async throws {
    let folder = try TemporaryFolder()
    let script = folder.file("draw")
    try Data(SampleMedia.png).write(to: URL(fileURLWithPath: folder.file("image.png")))
    try FileSystem.write(
      "#!/bin/sh\nprintf '%s %s' \"$1\" \"$KEY$IMAGINE_DATABASE$PGPASSWORD\" > \(folder.file("words"))\n"
        + "cp \(folder.file("image.png")) \"$2\"\n", to: script)
    chmod(script, 0o700)
    let stub = try await UpstreamStub()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    try await serving(
      """
      [[upstream]]
      name = "program"
      kind = "command"
      styles = ["drawn"]
      generate = ["\(script)", "{prompt}", "{output}"]

      """ + stub.settings("models = [\"m\"]\ntoken_env = \"KEY\""),
      environment: [
        "KEY": key, "PATH": path, "IMAGINE_DATABASE": "postgres://u:word@db/x",
        "PGPASSWORD": "word",
      ]
    ) { server in
      let answer = try await server.generate("drawn")
      #expect(answer.status == 200, "\(answer.text.prefix(200))")
      #expect(ImageHeader(answer.bytes)?.size == PixelSize(width: 1024, height: 1024))
      let words = try String(contentsOfFile: folder.file("words"), encoding: .utf8)
      #expect(words == "a cat ")
    }
  }

  @Test("another imagine-server is an upstream; its engine is named")
  func gateway() async throws {
    let folder = try TemporaryFolder()
    let inner = try ServerProcess(["--home", folder.file("inner"), "--port", "0"])
    let address = try await inner.address()
    try await serving(
      UpstreamStub.settings(
        "styles = [\"anime\"]\ntoken_env = \"KEY\"", name: "inner", kind: "imagine",
        address: "\(address)/v2"), environment: ["KEY": "any"]
    ) { server in
      let answer = try await server.generate("anime")
      #expect(answer.status == 200, "\(answer.text.prefix(200))")
      #expect(ImageHeader(answer.bytes)?.size == PixelSize(width: 1024, height: 1024))
      let engine = try #require(answer.headers["x-imagine-engine"])
      #expect(engine != "stub")
      inner.signal(SIGKILL)
      _ = await inner.exit()
      #expect(try await server.generate("anime").code == 1200)
      #expect(try await server.generate("realistic").headers["x-imagine-engine"] == "stub")
    }
  }
}
