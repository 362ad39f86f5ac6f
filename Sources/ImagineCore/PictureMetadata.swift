/// What a saved picture tells of its making. Never holds a token.
public struct PictureMetadata: Sendable, Hashable {
  public var operation: String
  public var provider: String
  /// Names what drew the picture, where the provider is the built-in engine.
  public var engine: String?
  public var prompt: String?
  public var style: String?
  public var aspectRatio: String?
  public var seed: Int64?
  /// Pixels.
  public var size: PixelSize
  /// SHA-256 of the pictures that it was made from.
  public var parents: [String]

  public init(
    operation: String, provider: String, engine: String? = nil, prompt: String? = nil,
    style: String? = nil, aspectRatio: String? = nil, seed: Int64? = nil, size: PixelSize,
    parents: [String] = []
  ) {
    self.operation = operation
    self.provider = provider
    self.engine = engine
    self.prompt = prompt
    self.style = style
    self.aspectRatio = aspectRatio
    self.seed = seed
    self.size = size
    self.parents = parents
  }

  /// The text `parameters`, in the form that AUTOMATIC1111 writes and most readers know: the
  /// prompt, then a line of `Name: value` pairs.
  public var parameters: String {
    var pairs: [String] = []
    if let seed { pairs.append("Seed: \(seed)") }
    pairs.append("Size: \(size)")
    if let style { pairs.append("Model: \(style)") }
    pairs.append("Version: imagine")
    let line = pairs.joined(separator: ", ")
    return prompt.map { "\($0)\n\(line)" } ?? line
  }

  /// The text `imagine`: everything, as a JSON object.
  public var json: String {
    var members = [
      ("operation", operation.jsonQuoted), ("provider", provider.jsonQuoted),
      ("width", "\(size.width)"), ("height", "\(size.height)"),
    ]
    if let engine { members.append(("engine", engine.jsonQuoted)) }
    if let prompt { members.append(("prompt", prompt.jsonQuoted)) }
    if let style { members.append(("style", style.jsonQuoted)) }
    if let aspectRatio { members.append(("aspect_ratio", aspectRatio.jsonQuoted)) }
    if let seed { members.append(("seed", "\(seed)")) }
    if !parents.isEmpty {
      members.append(("parents", "[\(parents.map(\.jsonQuoted).joined(separator: ","))]"))
    }
    return "{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
  }

  /// An XMP packet with the IPTC digital source type: `trainedAlgorithmicMedia` for a model's
  /// picture, `algorithmicMedia` for one that the built-in engine drew.
  public var xmp: String {
    let type = engine == nil ? "trainedAlgorithmicMedia" : "algorithmicMedia"
    return """
      <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?>\
      <x:xmpmeta xmlns:x="adobe:ns:meta/">\
      <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
      <rdf:Description rdf:about="" \
      xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
      Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/\(type)"/>\
      </rdf:RDF></x:xmpmeta><?xpacket end="w"?>
      """
  }
}

extension String {
  /// The text as a JSON string, quotes included.
  var jsonQuoted: String {
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
