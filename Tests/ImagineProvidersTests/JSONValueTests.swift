import Testing

@testable import ImagineProviders

@Suite("JSON is parsed leniently")
struct JSONValueTests {
  private func read(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8)) }

  @Test("strings are parsed with their escapes")
  func strings() {
    let escaped = #""a\"b\\c\/d\n\u00e4\ud83d\ude00\ud83d x\q""#
    #expect(read(escaped)?.text == "a\"b\\c/d\nä😀\u{FFFD} xq")
    #expect(read("\"\\\\\"")?.text == "\\")
    #expect(JSONValue([0x22, 0xFF, 0x22])?.text == "\u{FFFD}")
  }

  @Test("a long string is not copied until it is read")
  func long() {
    let long = String(repeating: "QUJD", count: 1000)
    let body = Array(#"{"data":[{"b64_json":"\#(long)"}]}"#.utf8)
    guard case .text(let text)? = JSONValue(body)?["data"]?.list?.first?["b64_json"] else {
      Issue.record("no text")
      return
    }
    #expect(text.bytes.elementsEqual(long.utf8))
    #expect(!text.hasEscapes)
  }

  @Test("numbers are parsed, also those out of range")
  func numbers() {
    #expect(read("1265")?.integer == 1265)
    #expect(read("1265.0")?.integer == 1265)
    #expect(read("\"1265\"")?.integer == 1265)
    #expect(read("99999999999999999999")?.identifier != nil)
    #expect(read("1e400")?.number == nil)
    #expect(read("-1.5e3")?.number == -1500)
    #expect(read("[NaN, Infinity]")?.list?.count == 2)
  }

  @Test("null and empty strings count as absent")
  func absent() {
    let value = read(#"{"a": null, "b": "", "c": " ", "d": 1}"#)
    if let member = value?["a"] { Issue.record("\(member)") }
    #expect(value?["b"]?.text == nil)
    #expect(value?["c"]?.text == nil)
    #expect(value?[["a", "d"]]?.integer == 1)
  }

  @Test("a byte order mark before the value and any bytes after it are ignored")
  func around() {
    #expect(JSONValue([0xEF, 0xBB, 0xBF] + Array(#"{"a":1}"#.utf8))?["a"]?.integer == 1)
    #expect(read(" {\"a\":1}\n--boundary--\u{0}")?["a"]?.integer == 1)
  }

  @Test(
    "an incomplete, too deep or too large value is nil",
    arguments: [
      "", " ", "{", "[", "\"", "{]", "[\"abc", "{\"a\"}", "{\"a\":}", "[1,]", "tru", "<html>", "-",
      "\"\\", String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 1000),
      "[" + String(repeating: "1,", count: 300_000) + "1]",
    ])
  func broken(text: String) {
    if let value = read(text) { Issue.record("\(value)") }
  }
}
