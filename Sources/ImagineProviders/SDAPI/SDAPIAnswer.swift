import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads the images of an answer of the A1111 API, with their seeds and texts.
struct SDAPIAnswer {
  struct Image: Sendable {
    var bytes: [UInt8]
    var seed: Int64?
    /// How it was made, in A1111's form.
    var text: String?
  }

  /// The maximum size of an answer in bytes.
  static let maxBytes = 256 << 20

  private let answer: HTTPAnswer

  init(_ answer: HTTPAnswer) { self.answer = answer }

  /// The images that were asked for, without grids before them and helper images behind them.
  ///
  /// - Throws: ``ImagineError`` if there is none, or if the server has dropped a mask.
  func images(_ body: [UInt8], of request: Request) throws(ImagineError) -> [Image] {
    guard let root = JSONValue(body), root.isObject else {
      throw answer.unexpected(
        ErrorAnswer.isHTML(body)
          ? "the answer is \(ErrorAnswer(body).message ?? "a web page")" : "the answer is not JSON")
    }
    guard let list = root["images"]?.list ?? root["image"].map({ [$0] }), !list.isEmpty else {
      if root[["error", "detail", "errors", "message"]] != nil { throw answer.fault(body) }
      throw answer.unexpected("the answer holds no images")
    }
    // Draw Things answers with nothing else, and takes no mask.
    if request.operation.field("mask") != nil || request.operation.takesMadeMask,
      !root.hasMember("info"), !root.hasMember("parameters")
    {
      throw answer.unexpected(
        "the answer has no `info`, as of a server that drops masks (Draw Things): set dialect ="
          + " \"drawthings\"")
    }
    // Text that is JSON; some servers give the object itself.
    let info = root["info"].flatMap { info in
      info.isObject ? info : info.text.flatMap { JSONValue(Array($0.utf8)) }
    }
    let first = max(0, info?["index_of_first_image"]?.integer ?? 0)
    let seeds = info?["all_seeds"]?.list ?? []
    let texts = info?["infotexts"]?.list ?? []
    var images: [Image] = []
    for (index, value) in list.dropFirst(first).prefix(request.count).enumerated() {
      // Texts count the grid too.
      let text = texts.indices.contains(index + first) ? texts[index + first].text : nil
      let seed = seeds.indices.contains(index) ? seeds[index].integer.map(Int64.init) : nil
      images.append(Image(bytes: try bytes(of: value), seed: seed, text: text))
    }
    guard !images.isEmpty else { throw answer.unexpected("the answer holds no images") }
    return images
  }

  private func bytes(of value: JSONValue) throws(ImagineError) -> [UInt8] {
    guard case .text(let text) = value else {
      throw answer.unexpected("an image of the answer is not base64")
    }
    var base64 = text.bytes
    if base64.starts(with: "data:".utf8), let comma = base64.firstIndex(of: UInt8(ascii: ",")) {
      base64 = base64[(comma + 1)...]
    }
    let encoded = Data(base64)
    guard
      let data = Data(base64Encoded: encoded)
        ?? Data(base64Encoded: encoded, options: .ignoreUnknownCharacters),
      !data.isEmpty
    else { throw answer.unexpected("an image of the answer is not base64") }
    return Array(data)
  }
}

extension MediaOperation {
  /// Whether the host makes the mask.
  fileprivate var takesMadeMask: Bool {
    name == MediaOperation.addBackground.name || name == MediaOperation.resize.name
  }
}

extension JSONValue {
  /// Whether an object has a member, be it null.
  fileprivate func hasMember(_ name: String) -> Bool {
    if case .object(let members) = self { members[name] != nil } else { false }
  }
}
