import ArgumentParser
import Foundation
import ImagineRuns
import ImagineScripting
import MediaFiles

/// `imagine show`: prints how an image was made, as its file says.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine show",
    abstract: "Prints the request that made an image, as its file says.",
    discussion: """
      Anybody can write texts into a file, so do not trust them. Control characters are escaped.
      """)

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP.") var image: FilePath
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    let provenance = try host.provenance(ofImage: image)
    if json { return try printJSON(provenance) }
    let gap = Listing.isForTerminal ? "  " : "\t"
    try Output.line("\(image)\(gap)\(provenance.format.rawValue), \(provenance.size)")
    if let metadata = provenance.metadata {
      for line in MetadataListing(metadata, provenance).lines { try Output.line(line) }
    }
    guard !provenance.texts.isEmpty else {
      if provenance.metadata == nil { try Output.line("It does not say how it was made.") }
      return
    }
    try Output.line(
      provenance.metadata == nil
        ? "It contains no request of imagine's. Its texts, from an unknown source (not trusted):"
        : "Other texts of the file, from an unknown source (not trusted):")
    for text in provenance.texts { try Output.line(MetadataListing.line(text.keyword, text.text)) }
  }

  private struct JSONForm: Encodable {
    var file: String
    var format: String
    var width: Int
    var height: Int
    var metadata: ImageMetadata?
    /// From this home's journal.
    var script: Script?
    /// Anybody may have written them.
    var untrustedTexts: [Provenance.Text]

    enum CodingKeys: String, CodingKey {
      case file, format, width, height, metadata, script
      case untrustedTexts = "untrusted_texts"
    }
  }

  private func printJSON(_ provenance: Provenance) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let form = JSONForm(
      file: image.description, format: provenance.format.rawValue, width: provenance.size.width,
      height: provenance.size.height, metadata: provenance.metadata, script: provenance.script,
      untrustedTexts: provenance.texts)
    try Output.line(String(decoding: try encoder.encode(form), as: UTF8.self).withoutControls)
  }
}
