import Foundation
import Testing

@testable import ImagineClient

@Suite("JSON with its long strings lifted out")
struct LiftedJSONTests {
  private static let long = String(repeating: "QUJD", count: 1000)

  /// The strings of a JSON list, each read through its lifted form.
  private func strings(_ text: String) throws -> [String] {
    let lifted = LiftedJSON(Array(text.utf8))
    return try JSONDecoder().decode([String].self, from: Data(lifted.text))
      .map { String(decoding: lifted.bytes(of: $0), as: UTF8.self) }
  }

  @Test("says the same as before, and is short")
  func same() throws {
    #expect(try strings(#"["a", "\#(Self.long)", "", "b"]"#) == ["a", Self.long, "", "b"])
    #expect(LiftedJSON(Array(#"["\#(Self.long)"]"#.utf8)).text.count < 40)
  }

  @Test("ends no string at a quote that is escaped")
  func escaped() throws {
    #expect(try strings(#"["a\"b", "c\\", "\\\"", "d"]"#) == [#"a"b"#, #"c\"#, #"\""#, "d"])
    let slashes = Self.long + "/"
    let text = #"["\#(Self.long)\/", "\#(Self.long)\\", "x"]"#
    #expect(try strings(text) == [slashes, Self.long + #"\"#, "x"])
  }

  @Test("leaves what is no JSON as no JSON", arguments: ["", "\"", "[\"abc", "{]", "\"\\"])
  func broken(text: String) {
    #expect(throws: (any Error).self) { try strings(text) }
  }
}
