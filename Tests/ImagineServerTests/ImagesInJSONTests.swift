import Foundation
import NIOCore
import Testing

@testable import ImagineServer

@Suite("Images in JSON")
struct ImagesInJSONTests {
  @Test("stand in their places, and everything else is as the encoder writes it")
  func places() throws {
    let images: [[UInt8]] = [[], [1], [1, 2], Array(repeating: 255, count: 10_000)]
    var texts = try ImagesInJSON()
    let value = [
      "prompt": ["a \"quoted\" äöü", "image-0."], "images": images.map { texts.text(for: $0) },
    ]
    let answer = try JSONDecoder().decode(
      [String: [String]].self, from: Data(texts.encoded(value).readableBytesView))
    #expect(answer["prompt"] == value["prompt"])
    #expect(answer["images"]?.map { Data(base64Encoded: $0) } == images.map { Data($0) })
  }

  @Test("may be none")
  func none() throws {
    let texts = try ImagesInJSON()
    #expect(String(buffer: texts.encoded(["a": 1])) == #"{"a":1}"#)
  }
}
