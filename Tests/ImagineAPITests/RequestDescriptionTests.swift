import ImagineAPI
import Testing

@Suite("A request is described as text and read back")
struct RequestDescriptionTests {
  @Test("a description is encoded deterministically and decoded unchanged")
  func roundTrip() throws {
    var request = try MediaOperation.generate.request(
      from: ["prompt": .text("a \"red\" boat/ü"), "seed": .text("12"), "style": .text("SDXL 1.0")],
      source: .script)
    request.extra = ["scale": .number(7.5), "safe": .flag(true)]
    let description = RequestDescription(request, images: [:])
    #expect(
      description.json == #"""
        {"extra":{"safe":true,"scale":7.5},"fields":{"aspect_ratio":"1:1",\#
        "prompt":"a \"red\" boat/ü","seed":12,"style":"sdxl-1.0"},"operation":"generate"}
        """#)
    let read = try RequestDescription(json: description.json)
    #expect(read == description)
    let again = try read.request(for: MediaOperation.all) { _, _ in .bytes([]) }
    #expect(RequestDescription(again, images: [:]) == description)
  }

  @Test("different requests have different canonical texts")
  func canonicalText() {
    let hash = String(repeating: "a", count: 64)
    let requests = [
      RequestDescription(operation: "fill", fields: ["prompt": .text("7")]),
      RequestDescription(operation: "fill", fields: ["prompt": .integer(7)]),
      RequestDescription(operation: "fill", fields: ["prompt": .number(7)]),
      RequestDescription(operation: "fill", fields: ["prompt": .text("7 4:seed=i7")]),
      RequestDescription(operation: "fill", fields: ["prompt": .text("7"), "seed": .integer(7)]),
      RequestDescription(operation: "fill", fields: ["a": .text("1 1:b=2:s2")]),
      RequestDescription(operation: "fill", fields: ["a": .text("1"), "b": .text("2")]),
      RequestDescription(operation: "fill", fields: ["image": .text(hash)]),
      RequestDescription(operation: "fill", images: ["image": [hash]]),
      RequestDescription(operation: "fill", images: ["mask": [hash]]),
      RequestDescription(operation: "fill", extra: ["prompt": .text("7")]),
      RequestDescription(operation: "fill", extra: ["prompt": .flag(true)]),
      RequestDescription(operation: "resize", fields: ["prompt": .text("7")]),
    ]
    #expect(Set(requests.map { $0.canonicalText() }).count == requests.count)
    let one = RequestDescription(operation: "fill", fields: ["b": .text("ü"), "a": .flag(true)])
    #expect(one.canonicalText() == "fill 1:a=5:btrue 1:b=3:sü")
  }

  @Test("images are referred to and looked up by the hash of their content")
  func images() throws {
    let description = RequestDescription(
      operation: "upscale", images: ["image": [String(repeating: "a", count: 64)]])
    var asked: [String] = []
    let request = try description.request(for: MediaOperation.all) { field, sha256 in
      asked = [field, sha256]
      return .file(path: FilePath("picture.png"))
    }
    #expect(asked == ["image", String(repeating: "a", count: 64)])
    #expect(request.images == ["image": [.file(path: FilePath("picture.png"))]])
  }

  @Test("input images keep the key that older programs wrote")
  func format() throws {
    let json = #"{"fields":{},"operation":"upscale","pictures":{"image":"3f9a"}}"#
    let description = try RequestDescription(json: json)
    #expect(description.images == ["image": ["3f9a"]])
    #expect(description.json == json)
  }

  @Test("a description from an untrusted file is validated")
  func stranger() throws {
    let forged = try RequestDescription(
      json: #"{"operation":"generate","fields":{"prompt":"x","seed":-1}}"#)
    #expect(throws: ImagineError.self) {
      try forged.request(for: MediaOperation.all) { _, _ in .bytes([]) }
    }
    let unknown = RequestDescription(operation: "erase")
    #expect(throws: ImagineError.self) {
      try unknown.request(for: MediaOperation.all) { _, _ in .bytes([]) }
    }
  }
}
