import ImagineCore
import Testing

@Suite("A request that is written down")
struct RequestDescriptionTests {
  @Test("gives the same text for the same request, and is read back as it was")
  func roundTrip() throws {
    var request = try Operation.generate.request(
      from: ["prompt": .text("a \"red\" boat/ü"), "seed": .text("12"), "style": .text("SDXL 1.0")],
      by: .script)
    request.extra = ["scale": .number(7.5), "safe": .boolean(true)]
    let description = RequestDescription(request, pictures: [:])
    #expect(
      description.json == #"""
        {"extra":{"safe":true,"scale":7.5},"fields":{"aspect_ratio":"1:1",\#
        "prompt":"a \"red\" boat/ü","seed":12,"style":"sdxl-1.0"},"operation":"generate"}
        """#)
    let read = try RequestDescription(json: description.json)
    #expect(read == description)
    let again = try read.request(for: Operation.all) { _, _ in .bytes([]) }
    #expect(RequestDescription(again, pictures: [:]) == description)
  }

  @Test("has a text that no other request has")
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
      RequestDescription(operation: "fill", pictures: ["image": hash]),
      RequestDescription(operation: "fill", pictures: ["mask": hash]),
      RequestDescription(operation: "fill", extra: ["prompt": .text("7")]),
      RequestDescription(operation: "fill", extra: ["prompt": .boolean(true)]),
      RequestDescription(operation: "resize", fields: ["prompt": .text("7")]),
    ]
    #expect(Set(requests.map { $0.canonicalText() }).count == requests.count)
    let one = RequestDescription(operation: "fill", fields: ["b": .text("ü"), "a": .boolean(true)])
    #expect(one.canonicalText() == "fill 1:a=5:btrue 1:b=3:sü")
  }

  @Test("names its pictures by their content, and asks for them by it")
  func pictures() throws {
    let description = RequestDescription(
      operation: "upscale", pictures: ["image": String(repeating: "a", count: 64)])
    var asked: [String] = []
    let request = try description.request(for: Operation.all) { field, sha256 in
      asked = [field, sha256]
      return .file(path: FilePath("picture.png"))
    }
    #expect(asked == ["image", String(repeating: "a", count: 64)])
    #expect(request["image"] == .picture(.file(path: FilePath("picture.png"))))
  }

  @Test("is checked anew when it is read from a stranger's file")
  func stranger() throws {
    let forged = try RequestDescription(
      json: #"{"operation":"generate","fields":{"prompt":"x","seed":-1}}"#)
    #expect(throws: ImagineError.self) {
      try forged.request(for: Operation.all) { _, _ in .bytes([]) }
    }
    let unknown = RequestDescription(operation: "erase")
    #expect(throws: ImagineError.self) {
      try unknown.request(for: Operation.all) { _, _ in .bytes([]) }
    }
  }
}
