import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads the images of an OpenAI-style answer.
struct OpenAIAnswer {
  /// One image of an answer.
  enum Entry: Sendable {
    case bytes([UInt8])
    case address(String)

    var address: String? {
      if case .address(let address) = self { address } else { nil }
    }
  }

  /// The maximum size of an answer in bytes: ten images in base64.
  static let maxBytes = 256 << 20

  private let answer: HTTPAnswer
  /// Makes a relative address absolute.
  private let resolve: @Sendable (String) -> String?

  init(_ answer: HTTPAnswer, resolve: @escaping @Sendable (String) -> String?) {
    self.answer = answer
    self.resolve = resolve
  }

  /// The images of a successful answer, and what was counted for them. Unreadable entries are
  /// skipped.
  ///
  /// - Throws: ``ImagineError`` if no entry can be read, with the service's message if it gives
  ///   one.
  func content(
    _ body: [UInt8]
  ) throws(ImagineError) -> (entries: [Entry], usage: OpenAIUsage) {
    let root = JSONValue(body)
    guard let list = (root?["data"] ?? root?["images"])?.list, !list.isEmpty else {
      throw fault(body, root)
    }
    var entries: [Entry] = []
    var fault: ImagineError?
    for value in list {
      do { entries.append(try entry(value)) } catch { fault = fault ?? error }
    }
    if entries.isEmpty, let fault { throw fault }
    return (entries, OpenAIUsage(root?["usage"]))
  }

  private func fault(_ body: [UInt8], _ root: JSONValue?) -> ImagineError {
    if root?[["error", "detail", "errors", "message"]] != nil { return answer.fault(body) }
    if body.isEmpty { return answer.unexpected("the answer is empty") }
    guard root == nil else { return answer.unexpected("the answer holds no images") }
    return answer.unexpected(
      ErrorAnswer.isHTML(body)
        ? "the answer is \(ErrorAnswer(body).message ?? "a web page")" : "the answer is not JSON")
  }

  /// Reads `{"b64_json": …}` or `{"url": …}`, or a text that is one of these values. Either may be
  /// a data URL; empty values count as absent.
  private func entry(_ value: JSONValue) throws(ImagineError) -> Entry {
    let nested = value[["url", "image_url"]]
    let base64 = Self.filled(value["b64_json"]) ?? (value.isObject ? nil : Self.filled(value))
    guard let text = base64 ?? Self.filled(nested?["url"] ?? nested) else {
      throw answer.unexpected("an entry of the answer has neither url nor b64_json")
    }
    let bytes = text.bytes
    if bytes.starts(with: "data:".utf8) {
      guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")),
        bytes[..<comma].suffix(";base64".utf8.count).elementsEqual(";base64".utf8)
      else { throw answer.unexpected("a data URL in the answer is not base64") }
      return .bytes(try decode(bytes[(comma + 1)...]))
    }
    let isAddress = base64 == nil || bytes.prefix(10).contains(UInt8(ascii: ":"))
    guard isAddress else { return .bytes(try decode(bytes)) }
    guard let address = resolve(text.string) else {
      throw answer.unexpected("an address in the answer is invalid")
    }
    return .address(address)
  }

  private static func filled(_ value: JSONValue?) -> JSONText? {
    guard case .text(let text)? = value, text.raw.contains(where: { $0 > 0x20 }) else { return nil }
    return text
  }

  private func decode(_ text: ArraySlice<UInt8>) throws(ImagineError) -> [UInt8] {
    let text = Data(text)
    // Line ends in base64 are rare, and looking for them takes time.
    guard
      let data = Data(base64Encoded: text)
        ?? Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      !data.isEmpty
    else { throw answer.unexpected("an image of the answer is not base64") }
    return Array(data)
  }
}
