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

  @ArgumentParser.Argument(help: "A PNG, JPEG or WebP.") var picture: String
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let host = Program.makeHost()
    defer { host.close() }
    let provenance = try host.provenance(ofPicture: picture)
    if json { return try printJSON(provenance) }
    print("\(picture.printable)\t\(provenance.format.rawValue), \(provenance.size)")
    if let metadata = provenance.metadata {
      for line in Facts(metadata, provenance).lines { print(line) }
    }
    guard !provenance.texts.isEmpty else {
      if provenance.metadata == nil { print("It tells nothing of its making.") }
      return
    }
    print(
      provenance.metadata == nil
        ? "No request of imagine's is in it. Its texts, by whoever wrote them (not trusted):"
        : "Other texts of the file, by whoever wrote them (not trusted):")
    for text in provenance.texts { print(Facts.line(text.keyword, text.text)) }
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
      file: picture, format: provenance.format.rawValue, width: provenance.size.width,
      height: provenance.size.height, metadata: provenance.metadata, script: provenance.script,
      untrustedTexts: provenance.texts)
    print(Self.withoutControls(String(decoding: try encoder.encode(form), as: UTF8.self)))
  }

  /// JSON may hold control characters that a terminal obeys, such as U+009B: they are escaped,
  /// which is the same text to a reader of JSON.
  private static func withoutControls(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: \.isUnprintable) else { return json }
    return json.unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isUnprintable {
        for unit in String(scalar).utf16 { text += String(format: "\\u%04x", unit) }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}
