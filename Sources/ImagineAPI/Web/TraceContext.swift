/// The place of a call in a distributed trace: the W3C header `traceparent`.
///
/// For example, `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: version, trace, span, flags.
public struct TraceContext: Sendable, Hashable {
  /// All calls that one request caused, on whatever machine: 32 lower-case hexadecimal digits.
  public let trace: String
  /// One step of the trace: 16 lower-case hexadecimal digits.
  public let span: String
  /// Whether the caller records the trace, and what later versions add: two hexadecimal digits.
  public let flags: String

  /// The header's name.
  public static let header = "traceparent"

  /// The step that the current task does. A provider sends it to its service.
  @TaskLocal public static var current: TraceContext?

  /// - Parameters:
  ///   - trace: 32 lower-case hexadecimal digits.
  ///   - span: 16 of them.
  public init(trace: String, span: String, flags: String = "00") {
    self.trace = trace
    self.span = span
    self.flags = flags
  }

  /// Reads a header; nil if it is not valid by the W3C's recommendation. Of a later version, what it
  /// has in common with this one is read.
  public init?(header text: String) {
    let pieces = text.split(separator: "-", omittingEmptySubsequences: false)
    guard pieces.count >= 4,
      zip(pieces, [2, 32, 16, 2]).allSatisfy({ Self.isHexadecimal($0, $1) }),
      pieces[0] != "ff", pieces[0] != "00" || pieces.count == 4,
      [pieces[1], pieces[2]].allSatisfy({ id in id.contains { $0 != "0" } })
    else { return nil }
    self.init(trace: String(pieces[1]), span: String(pieces[2]), flags: String(pieces[3]))
  }

  /// The header's value.
  public var headerValue: String { "00-\(trace)-\(span)-\(flags)" }

  private static func isHexadecimal(_ text: Substring, _ length: Int) -> Bool {
    text.utf8.count == length
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
      }
  }
}
