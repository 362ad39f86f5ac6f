#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The forms in which a picture carries its metadata.
extension PictureMetadata {
  /// The text `parameters`, in the form that AUTOMATIC1111 writes and most readers know: the
  /// prompt, then a line of `Name: value` pairs.
  ///
  /// Readers find that line by `Steps` at its start, and some want a `Sampler` too. Where a service
  /// tells no steps it is 0, and the sampler is the provider that drew.
  public var parameters: String {
    let pairs = [
      ("Steps", request.fields["num_inference_steps"]?.description ?? "0"),
      ("Sampler", provider),
      ("CFG scale", request.fields["guidance_scale"]?.description),
      ("Seed", seed.map(String.init)),
      ("Size", size.description),
      ("Model", style),
      ("Version", "imagine"),
    ]
    let line = pairs.compactMap { name, value in value.map { "\(name): \(Self.quoted($0))" } }
    return "\(prompt ?? "")\n\(line.joined(separator: ", "))"
  }

  /// A value that holds what separates values is quoted as JSON quotes.
  private static func quoted(_ value: String) -> String {
    guard value.contains(where: { $0 == "," || $0 == ":" || $0.isNewline }) else { return value }
    return encode(value)
  }

  /// The text `imagine`: everything, as a JSON object in one line.
  public var json: String { Self.encode(self) }

  /// The longest JSON that is read, in bytes.
  public static let longestJSON = 1 << 20

  /// Reads what ``json`` wrote; nil for anything else.
  public init?(json: String) {
    guard json.utf8.count <= Self.longestJSON,
      let metadata = try? JSONDecoder().decode(Self.self, from: Data(json.utf8))
    else { return nil }
    self = metadata
  }

  private static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Nothing in it can fail to encode: numbers are finite by their fields' checks.
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// An XMP packet with the IPTC digital source type: `trainedAlgorithmicMedia` for a model's
  /// picture, `algorithmicMedia` for one that the built-in engine drew.
  ///
  /// - Parameter carriesJSON: whether ``json`` stands in it, for formats that have no other place.
  public func xmp(carriesJSON: Bool) -> String {
    let type = engine == nil ? "trainedAlgorithmicMedia" : "algorithmicMedia"
    let own =
      carriesJSON
      ? " xmlns:imagine=\"\(Self.namespace)\" imagine:metadata=\"\(json.xmlEscaped)\"" : ""
    return """
      <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?>\
      <x:xmpmeta xmlns:x="adobe:ns:meta/">\
      <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
      <rdf:Description rdf:about="" \
      xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
      Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/\(type)"\
      \(own)/>\
      </rdf:RDF></x:xmpmeta><?xpacket end="w"?>
      """
  }

  /// The namespace of our own property in XMP.
  private static let namespace = "urn:imagine:picture#"

  /// Reads the JSON in an XMP packet, as an attribute or as an element; nil where there is none.
  public init?(xmp: String) {
    let text: Substring
    if let start = xmp.firstRange(of: "imagine:metadata=\""),
      let end = xmp[start.upperBound...].firstIndex(of: "\"")
    {
      text = xmp[start.upperBound..<end]
    } else if let start = xmp.firstRange(of: "<imagine:metadata>"),
      let end = xmp[start.upperBound...].firstIndex(of: "<")
    {
      text = xmp[start.upperBound..<end]
    } else {
      return nil
    }
    self.init(json: text.xmlUnescaped)
  }
}

extension String {
  /// The text as an attribute's value in XML. JSON has no control characters in it; the two
  /// characters that XML cannot hold are written as JSON writes them.
  fileprivate var xmlEscaped: String {
    var escaped = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\u{FFFE}", "\u{FFFF}": escaped += "\\u\(String(scalar.value, radix: 16))"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Substring {
  fileprivate var xmlUnescaped: String {
    var text = ""
    var rest = self
    while let start = rest.firstIndex(of: "&") {
      text += rest[..<start]
      rest = rest[start...]
      let entity = Self.entities.first { rest.hasPrefix($0.key) }
      text += entity?.value ?? "&"
      rest = rest.dropFirst(entity?.key.count ?? 1)
    }
    return text + rest
  }

  private static var entities: KeyValuePairs<String, String> {
    ["&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&apos;": "'"]
  }
}
