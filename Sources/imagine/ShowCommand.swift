import ArgumentParser
import Foundation
import ImagineScripting

/// `imagine show`: what a picture tells of its making.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine show",
    abstract: "Prints the request that made a picture, as its file tells it.",
    discussion: """
      Anybody can write texts into a file: what is printed is what the file says, with control \
      characters spelt out.
      """)

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP.") var picture: FilePath
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    let provenance = try host.provenance(ofPicture: picture)
    if json { return try printJSON(provenance) }
    try Output.line("\(picture)\t\(provenance.format.rawValue), \(provenance.size)")
    if let metadata = provenance.metadata {
      for line in Facts(metadata, provenance).lines { try Output.line(line) }
    }
    guard !provenance.texts.isEmpty else {
      if provenance.metadata == nil { try Output.line("It tells nothing of its making.") }
      return
    }
    try Output.line(
      provenance.metadata == nil
        ? "No request of imagine's is in it. Its texts, by whoever wrote them (not trusted):"
        : "Other texts of the file, by whoever wrote them (not trusted):")
    for text in provenance.texts { try Output.line(Facts.line(text.keyword, text.text)) }
  }

  private struct JSONForm: Encodable {
    var file: String
    var format: String
    var width: Int
    var height: Int
    var metadata: PictureMetadata?
    /// By this home's journal.
    var script: Script?
    /// Written by anybody.
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
      file: picture.description, format: provenance.format.rawValue, width: provenance.size.width,
      height: provenance.size.height, metadata: provenance.metadata, script: provenance.script,
      untrustedTexts: provenance.texts)
    try Output.line(String(decoding: try encoder.encode(form), as: UTF8.self).withoutControls)
  }
}
