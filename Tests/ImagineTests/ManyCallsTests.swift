import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

@Suite("Many concurrent calls")
struct ManyCallsTests {
  @Test("each of two thousand calls, 32 in flight, gets its own answer")
  func twoThousand() async throws {
    let folder = try TemporaryFolder()
    let inFlight = Mutex((now: 0, most: 0))
    let stub = try await StubServer { request in
      inFlight.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      defer { inFlight.withLock { $0.now -= 1 } }
      // An image that ends with the prompt of its call.
      let prompt = request.text.firstRange(of: "number ").map { request.text[$0.lowerBound...] }
      let own = prompt.map { Array($0.prefix { $0 != "\r" && $0 != "\r\n" }.utf8) } ?? []
      return .full(status: 200, headers: ["content-type": "image/png"], body: OpenTests.png + own)
    }
    let outcome = try await Program.imagine.run(
      [
        "-e",
        """
        imagine.configure{ concurrency = 32 }
        local list = {}
        for number = 1, 2000 do list[number] = number end
        local images = task.map(list, function(number)
          return imagine.generate{ prompt = "number " .. number, seed = number }
        end, { limit = 32 })
        assert(#images == 2000)
        for number, image in ipairs(images) do
          assert(image.seed == number and image:data():match("number %d+$") == "number " .. number)
        end
        """,
      ],
      environment: [
        "IMAGINE_HOME": folder.file("home"), "IMAGINE_BASE_URL": "\(stub.address)/v2",
        "IMAGINE_TOKEN": "abc",
      ], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(stub.requests.count == 2000)
    #expect(inFlight.withLock { $0.most } <= 32)
    await stub.close()
  }
}
