import ImagineAPI
import Testing

@testable import ImagineServer

@Suite("A multipart form")
struct MultipartFormTests {
  private func form(_ text: String, boundary: String = "B") throws -> [String: String] {
    let parts = try MultipartForm(Array(text.utf8), boundary: boundary).parts
    return Dictionary(
      parts.map { ($0.name, String(decoding: $0.content, as: UTF8.self)) },
      uniquingKeysWith: { $0 + "+" + $1 })
  }

  private func reason(_ text: String, boundary: String = "B") -> String? {
    do {
      _ = try MultipartForm(Array(text.utf8), boundary: boundary)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test("from curl is read")
  func curl() throws {
    let text = """
      --------------------------d74496d66958873e\r
      Content-Disposition: form-data; name="prompt"\r
      \r
      A futuristic cityscape\r
      --------------------------d74496d66958873e\r
      Content-Disposition: form-data; name="seed"\r
      \r
      5\r
      --------------------------d74496d66958873e--\r\n
      """
    #expect(
      try form(text, boundary: "------------------------d74496d66958873e")
        == ["prompt": "A futuristic cityscape", "seed": "5"])
  }

  @Test(
    "may have quoted or bare names, and headers in any letter case",
    arguments: [
      "Content-Disposition: form-data; name=\"prompt\"",
      "content-disposition: form-data; name=prompt",
      "CONTENT-DISPOSITION:form-data;NAME=\"prompt\"",
      "Content-Disposition:\tform-data ; name = prompt ; filename*=UTF-8''x",
      "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"prompt\"",
      "Content-Disposition: form-data;\r\n name=\"prompt\"",
    ])
  func headers(header: String) throws {
    #expect(try form("--B\r\n\(header)\r\n\r\na cat\r\n--B--\r\n") == ["prompt": "a cat"])
  }

  @Test("may have LF line ends")
  func bareLineFeeds() throws {
    let text =
      "--B\nContent-Disposition: form-data; name=\"a\"\n\nx\r\n--B\n"
      + "Content-Disposition: form-data; name=\"b\"\n\ny\n--B--\n"
    #expect(try form(text) == ["a": "x\r", "b": "y"])
  }

  @Test("may have a preamble, an epilogue and white space after its boundaries")
  func surroundings() throws {
    let text =
      "This is ignored\r\n--Bx\r\n--B \t\r\nContent-Disposition: form-data; name=a\r\n"
      + "\r\nx\r\n--B--  \r\nand this, --B too"
    #expect(try form(text) == ["a": "x"])
  }

  @Test("may end right after its last boundary")
  func noLastNewline() throws {
    #expect(
      try form("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--") == ["a": "x"])
  }

  @Test("keeps lines that only look like its boundary")
  func alike() throws {
    let value = "--Bee\r\n--B2\r\n --B\r\n-"
    #expect(
      try form("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\(value)\r\n--B--\r\n")
        == ["a": value])
  }

  @Test("keeps every byte of a file, also of an empty one")
  func files() throws {
    let content: [UInt8] = (0..<1024).map { UInt8($0 % 256) } + [13, 10, 13]
    var writer = FormWriter()
    writer.add("image", file: content)
    writer.add("prompt", "after the file")
    writer.add("empty", file: [])
    let parts = try MultipartForm(writer.bytes, boundary: writer.boundary).parts
    #expect(parts.map(\.name) == ["image", "prompt", "empty"])
    #expect(parts.map(\.filename) == ["a.png", nil, "a.png"])
    #expect(Array(parts[0].content) == content)
    #expect(parts[2].content.isEmpty)
  }

  @Test("is refused with the reason")
  func faults() {
    let header = "Content-Disposition: form-data; name=\"a\""
    #expect(reason("")?.contains("empty") == true)
    #expect(reason("hello")?.contains("boundary") == true)
    #expect(reason("--B\r\n\(header)\r\n\r\nx")?.contains("closing boundary") == true)
    #expect(reason("--B\r\n\(header)\r\n\r\nx\r\n--B")?.contains("closing boundary") == true)
    #expect(reason("--B\r\n\(header)\r\nx\r\n\r\n--B--")?.contains("without a colon") == true)
    #expect(reason("--B\r\n\(header)\r\n--B--")?.contains("no empty line") == true)
    #expect(reason("--B\r\nX: y\r\n\r\nx\r\n--B--")?.contains("Content-Disposition") == true)
    #expect(
      reason("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--")?
        .contains("attachment") == true)
    #expect(
      reason("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--")?.contains("no name")
        == true)
    #expect(
      reason("--B\r\n\(header)\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--")?
        .contains("base64") == true)
    #expect(reason("--B\r\n--B--")?.contains("part 1") == true)
    let many = String(repeating: "--B\r\n\(header)\r\n\r\nx\r\n", count: 65) + "--B--"
    #expect(reason(many)?.contains("64 parts") == true)
    let long = "--B\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\nx\r\n--B--"
    #expect(reason(long)?.contains("bytes of headers") == true)
  }

  @Test("damaged at random is read or refused, without a crash")
  func damage() {
    var generator = SeededGenerator(seed: 7)
    var whole = FormWriter(["prompt": "a cat", "style": "anime"])
    whole.add("image", file: StubEngine.png(.init(width: 8, height: 8)))
    for _ in 0..<5000 {
      var bytes = whole.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] = .random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(.random(in: 0...255, using: &generator), at: place)
        default: bytes.removeLast(bytes.count - place)
        }
        if bytes.isEmpty { break }
      }
      _ = try? MultipartForm(bytes, boundary: whole.boundary)
    }
  }

  @Test("is recognized by its Content-Type")
  func contentType() throws {
    for header in [
      "multipart/form-data; boundary=abc", "Multipart/Form-Data;charset=utf-8; Boundary=\"abc\"",
      "multipart/form-data;boundary=abc;",
    ] {
      #expect(try MultipartForm.boundary(inContentType: header) == "abc")
    }
    let wrong = [nil, "application/json", "multipart/form-data", "multipart/form-data; boundary="]
    for header in wrong {
      #expect(throws: MultipartForm.ParseError.self) {
        try MultipartForm.boundary(inContentType: header)
      }
    }
  }
}

@Suite("A header value")
struct HeaderValueTests {
  @Test("gives the file name in every form that clients send")
  func filenames() {
    let name = { HeaderValue($0).parameters["filename"] }
    #expect(name(#"form-data; filename="a b.png""#) == "a b.png")
    #expect(name("form-data; filename=plain.png; name=x") == "plain.png")
    #expect(name(#"form-data; filename="say \"hi\".png""#) == #"say "hi".png"#)
    #expect(name(#"form-data; filename="C:\images\a.png""#) == #"C:\images\a.png"#)
    #expect(name("form-data; filename*=UTF-8''caf%C3%A9.png") == "café.png")
    #expect(name("form-data; filename*=utf-8'en'a%20b; filename=\"x\"") == "a b")
    #expect(name("form-data; filename=\"x\"; filename*=iso-8859-1''caf%E9") == "café")
    #expect(name("form-data; filename=\"x\"; filename*=UTF-8''%ZZ") == "x")
    #expect(name(#"form-data; filename="semi;colon""#) == "semi;colon")
    #expect(name(#"form-data; filename="unterminated"#) == "unterminated")
  }
}

/// A generator with the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
