import ImagineAPI

/// The text formats of embedded metadata.
extension ImageMetadata {
  /// The text `parameters` in the format of AUTOMATIC1111, which most readers know: the prompt,
  /// then a line of `Name: value` pairs.
  ///
  /// Readers recognise that line by `Steps` at its start, and some require `Sampler`. If the number
  /// of steps is unknown it is 0; the sampler is the provider.
  public var parameters: String {
    let pairs = [
      ("Steps", field("num_inference_steps", "steps") ?? "0"),
      ("Sampler", field("sampler") ?? provider),
      ("CFG scale", field("guidance_scale", "cfg_scale")),
      ("Seed", seed.map(String.init)),
      ("Size", size.description),
      ("Model", style),
      ("Version", "imagine"),
    ]
    let line = pairs.compactMap { name, value in value.map { "\(name): \(Self.quoted($0))" } }
    return "\(prompt ?? "")\n\(line.joined(separator: ", "))"
  }

  /// The value of the first field that the request has.
  private func field(_ names: String...) -> String? {
    names.lazy.compactMap { request.fields[$0]?.description }.first
  }

  /// A value with separators is quoted as in JSON.
  private static func quoted(_ value: String) -> String {
    guard value.contains(where: { $0 == "," || $0 == ":" || $0.isNewline }) else { return value }
    return Value.text(value).json
  }

  /// The text `imagine`: all metadata as a JSON object in one line.
  public var json: String { value.json }

  /// The maximum size of JSON in bytes.
  public static let maxJSONBytes = 1 << 20

  /// Reads what ``json`` wrote; nil for anything else.
  public init?(json: String) {
    guard json.utf8.count <= Self.maxJSONBytes,
      let metadata = try? Self(Value(json: Array(json.utf8), name: "the metadata of an image"))
    else { return nil }
    self = metadata
  }

  /// An XMP packet with the IPTC digital source type: `trainedAlgorithmicMedia` for a model's
  /// image, `algorithmicMedia` for one of the built-in engine.
  ///
  /// - Parameter carriesJSON: whether to include ``json``, for formats without another place.
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

  /// The namespace of our XMP property.
  private static let namespace = "urn:imagine:picture#"

  /// Reads the JSON of an XMP packet, from an attribute or an element; nil if there is none.
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
  /// The text as an XML attribute value. JSON contains no control characters; the two characters
  /// that XML forbids are escaped as in JSON.
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
