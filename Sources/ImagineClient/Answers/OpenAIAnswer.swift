import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads the pictures that an OpenAI-style service answers with.
struct OpenAIAnswer {
  /// One picture of an answer.
  enum Entry: Sendable {
    case bytes([UInt8])
    case address(String)

    var address: String? {
      if case .address(let address) = self { address } else { nil }
    }
  }

  /// The longest answer that is read, in bytes: ten pictures in base64.
  static let longest = 256 << 20

  private let answer: HTTPAnswer
  /// Makes an address whole that may be relative.
  private let resolve: @Sendable (String) -> String?

  init(_ answer: HTTPAnswer, resolve: @escaping @Sendable (String) -> String?) {
    self.answer = answer
    self.resolve = resolve
  }

  /// The pictures of a successful answer; one that cannot be read costs none of the others.
  ///
  /// - Throws: ``ImagineError`` where none can be read, in the service's own words where it gives
  ///   any.
  func entries(_ body: [UInt8]) throws(ImagineError) -> [Entry] {
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
    return entries
  }

  private func fault(_ body: [UInt8], _ root: JSONValue?) -> ImagineError {
    if root?[["error", "detail", "errors", "message"]] != nil { return answer.fault(body) }
    if body.isEmpty { return answer.unexpected("the answer is empty") }
    guard root == nil else { return answer.unexpected("the answer holds no pictures") }
    return answer.unexpected(
      ErrorAnswer.isPage(body)
        ? "the answer is \(ErrorAnswer(body).words ?? "a web page")" : "the answer is no JSON")
  }

  /// Reads `{"b64_json": …}` or `{"url": …}`, where either may be a data address, and what is empty
  /// counts as absent; or a text that is one of these by itself.
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
      else { throw answer.unexpected("a data address of the answer is not base64") }
      return .bytes(try decode(bytes[(comma + 1)...]))
    }
    let isAddress = base64 == nil || bytes.prefix(10).contains(UInt8(ascii: ":"))
    guard isAddress else { return .bytes(try decode(bytes)) }
    guard let address = resolve(text.string) else {
      throw answer.unexpected("an address of the answer is none")
    }
    return .address(address)
  }

  private static func filled(_ value: JSONValue?) -> JSONText? {
    guard case .text(let text)? = value, text.raw.contains(where: { $0 > 0x20 }) else { return nil }
    return text
  }

  private func decode(_ text: ArraySlice<UInt8>) throws(ImagineError) -> [UInt8] {
    let text = Data(text)
    // Line ends within base64 are seldom, and looking for them takes its time.
    guard
      let data = Data(base64Encoded: text)
        ?? Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      !data.isEmpty
    else { throw answer.unexpected("a picture of the answer is not base64") }
    return Array(data)
  }
}
