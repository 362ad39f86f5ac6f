import Foundation
import ImagineAPI
import Testing

@Suite("A value keeps its type from a text to a key and a body")
struct ValueTests {
  @Test("JSON is written as Foundation writes it, but floats keep their fraction")
  func matchesFoundation() throws {
    let values: [Value] = [
      .null, "", "a \"b\" \\ / \u{1} \u{1f} \t\r\n\u{8}\u{c} ü 猫 \u{7f}", 7, -1, 7.5, 1e300, true,
      [], [:], [1, "a", [2, [:]]], ["b": 1, "a": ["c": nil, "B": 2], "a10": 1, "a2": 2],
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for value in values {
      #expect(value.json == String(decoding: try encoder.encode(value), as: UTF8.self))
      #expect(try Value(json: Array(value.json.utf8)) == value)
    }
    #expect(Value.number(7).json == "7.0")
    #expect(try Value(json: Array("[7, 7.0, 1e2]".utf8)) == [7, .number(7), .number(100)])
  }

  @Test("values that differ have different canonical texts")
  func canonicalTexts() {
    let values: [Value] = [
      nil, "7", 7, .number(7), "i7", true, "true", [], [:], ["7"], [7], [[7]], [7, 7], ["a": 7],
      ["a": [7]], ["a": 7, "b": 7], ["a": "7 1:b=2:i7"], ["a": nil], [nil], "z", "l0",
    ]
    #expect(Set(values.map(\.canonicalText)).count == values.count)
  }

  @Test(
    "a JSON text that is deeper than a value may be, or no JSON, is refused with its place",
    arguments: ["[1,]", "{\"a\":01}", "\"\\ud800\"", "[1] 2", "nul", "1e999", ""])
  func refused(text: String) {
    let error = #expect(throws: ImagineError.self) { try Value(json: Array(text.utf8)) }
    #expect(error?.kind == .validation && error?.message.contains("line 1, column") == true)
    let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
    #expect(throws: ImagineError.self) { try Value(json: Array(deep.utf8)) }
  }

  @Test("a secret, an address or a path anywhere in a nested field redacts the whole field")
  func redacted() {
    let extra: [String: Value] = [
      "loras": [["name": "ink", "weight": 0.5]], "hook": ["inner": [["api_key": "x"]]],
      "places": ["a", "https://x.example/?k=1"], "paths": ["p": "/etc/passwd"],
    ]
    let request = RequestDescription(operation: "generate", extra: extra)
    #expect(request.redacted.extra.keys.sorted() == ["loras"])
  }
}
