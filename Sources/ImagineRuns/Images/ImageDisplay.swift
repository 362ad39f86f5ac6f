public import ImagineAPI
import MediaFiles

/// Shows images where a script's output goes.
public protocol ImageDisplay: Sendable {
  /// The pixels that a thumbnail may have; nil if the output shows no pictures.
  var box: PixelSize? { get }
  /// Writes a line of facts and the thumbnail, in order with what the script prints. On the Lua
  /// thread.
  func show(_ facts: String, _ thumbnail: Thumbnail?)
}

extension Workflow {
  /// A small copy of an image, for the eye.
  ///
  /// - Throws: ``ImagineError``, also where there is no server that can make it.
  package func thumbnail(of image: Image, within box: PixelSize) async throws -> Thumbnail {
    try await converter.thumbnail(of: image.asset, within: box, from: assets)
  }
}

extension Image {
  /// What is known of it, in a line: size, style, prompt, seed, price, provider.
  package var facts: String {
    var facts = ["Image \(header.size) \(header.format.rawValue)"]
    if let style = metadata?.style { facts.append(style) }
    if let seed = metadata?.seed { facts.append("seed \(seed)") }
    if let cost { facts.append(cost.description) }
    if let provider = metadata?.provider { facts.append(provider) }
    // Last, because a narrow terminal cuts the end.
    if let prompt = metadata?.prompt { facts.append(prompt.quoted) }
    return facts.joined(separator: ", ")
  }
}

extension Video {
  package var facts: String {
    var facts = ["Video \(header.size) mp4", "\(header.duration) s"]
    if let job { facts.append("job \(job)") }
    if let cost { facts.append(cost.description) }
    if let provider { facts.append(provider) }
    return facts.joined(separator: ", ")
  }
}

extension Job {
  package var facts: String {
    let status = status
    // A service may report any number.
    let share = status.progress.map { " \(Int(min(max(0, $0), 1) * 100)) %" } ?? ""
    let failure = status.failure.map { ": \($0)" } ?? ""
    return "Job \(id) \(status.state.rawValue)\(share)\(failure), \(provider.name)"
  }
}

extension String {
  /// The beginning, in quotes and without line breaks.
  fileprivate var quoted: String {
    let text = inOneLine
    return text.count > 60 ? "\"\(text.prefix(60))…\"" : "\"\(text)\""
  }
}
