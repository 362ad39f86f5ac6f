import ImagineTestSupport
import Synchronization
import Testing

@Suite("Many calls at once")
struct ManyCallsTests {
  @Test("two thousand, 32 in flight: each answer is its own call's, and nothing is lost")
  func twoThousand() async throws {
    let folder = try TemporaryFolder()
    let crowd = Mutex((inside: 0, most: 0))
    let stub = try await StubServer { request in
      crowd.withLock { $0 = ($0.inside + 1, max($0.most, $0.inside + 1)) }
      defer { crowd.withLock { $0.inside -= 1 } }
      // A picture that ends in the prompt of its call.
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
    #expect(crowd.withLock { $0.most } <= 32)
    await stub.close()
  }
}
