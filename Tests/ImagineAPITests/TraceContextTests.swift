import ImagineAPI
import Testing

@Suite("The header traceparent")
struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let span = "00f067aa0ba902b7"

  @Test("is read and written as the W3C recommends")
  func valid() throws {
    let text = "00-\(Self.trace)-\(Self.span)-01"
    let context = try #require(TraceContext(header: text))
    #expect(context.trace == Self.trace)
    #expect(context.span == Self.span)
    #expect(context.flags == "01")
    #expect(context.headerValue == text)
  }

  @Test("of a later version is read as far as it is known")
  func laterVersion() {
    let context = TraceContext(header: "cc-\(Self.trace)-\(Self.span)-01-what-comes-later")
    #expect(context?.headerValue == "00-\(Self.trace)-\(Self.span)-01")
  }

  @Test(
    "is ignored if it is invalid",
    arguments: [
      "", "00", "-", "---", "00-\(trace)-\(span)", "ff-\(trace)-\(span)-01",
      "00-\(trace)-\(span)-01-more", "00-\(trace)-\(span)-1", "0-\(trace)-\(span)-01",
      "00-\(trace.uppercased())-\(span)-01", "00-\(trace.dropLast())-\(span)-01",
      "00-\(trace)0-\(span)-01", "00-\(trace)-\(span.dropLast())g-01",
      "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
      " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ", "00_\(trace)_\(span)_01",
      "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01", "gg-\(trace)-\(span)-01",
    ])
  func invalid(text: String) {
    #expect(TraceContext(header: text) == nil)
  }
}
