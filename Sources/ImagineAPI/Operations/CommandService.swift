/// Programs of the user's that make images: a command line for each operation.
///
/// ```toml
/// [providers.tools]
/// kind = "command"
/// upscale = ["realesrgan", "-i", "{image}", "-o", "{output}"]
/// generate = ["draw", "--seed={seed}", "--size={width}x{height}", "-o", "{output}", "{prompt}"]
/// ```
public struct CommandService: Sendable, Hashable {
  /// What a word of a command line may contain, in braces.
  public enum Placeholder: String, Sendable, CaseIterable {
    case prompt, image, mask, width, height, seed, output

    var text: String { "{\(rawValue)}" }
  }

  /// The operations that a program can do.
  public static let names = MediaOperation.all.filter { $0.answer == .image }.map(\.name)

  /// The words of the command lines, by operation. The first names the program.
  private let words: [String: [String]]

  /// - Parameter words: by operation.
  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the operation.
  public init(_ words: [String: [String]], in place: String) throws(ImagineError) {
    guard !words.isEmpty else {
      throw .missing(field: Self.names[0], of: place, expected: "the words of a command line")
    }
    for (name, line) in words.sorted(by: { $0.key < $1.key }) {
      let field = "\(place).\(name)"
      guard let program = line.first, !program.isEmpty, !program.contains("{") else {
        throw .invalid(
          field: field, given: line.isEmpty ? "an empty list" : "no program",
          expected: "the program, then its arguments")
      }
      let used = Self.placeholders(in: line)
      let allowed = Placeholder.allCases.map(\.text)
      if let unknown = used.sorted().first(where: { !allowed.contains($0) }) {
        throw .invalid(
          field: field, given: "\"\(unknown)\"",
          expected: "one of: \(allowed.joined(separator: ", "))",
          allowed: allowed)
      }
      let needed = MediaOperation.named(name)?.fields.filter { $0.maxImages > 0 && $0.isRequired }
      let missing = (needed?.map(\.name) ?? []) + [Placeholder.output.rawValue]
      if let missing = missing.first(where: { !used.contains("{\($0)}") }) {
        throw .invalid(
          field: field, given: "a command line without {\(missing)}",
          expected: "a word with {\(missing)}")
      }
    }
    self.words = words
  }

  /// The names in braces.
  private static func placeholders(in words: [String]) -> Set<String> {
    Set(words.flatMap { $0.matches(of: /\{[a-z_]+\}/).map { String($0.output) } })
  }

  /// The operations with the fields that their command lines use.
  public var operations: [MediaOperation] {
    Self.names.compactMap { name in
      words[name].flatMap { words in
        MediaOperation.named(name)?.with(
          path: words[0],
          fields: Self.fields(Self.placeholders(in: words)))
      }
    }
  }

  /// The operations with every field that a command line may use.
  public static let allOperations = names.compactMap { name in
    MediaOperation.named(name)?.with(fields: fields(Set(Placeholder.allCases.map(\.text))))
  }

  private static func fields(_ used: Set<String>) -> [Field] {
    func has(_ placeholder: Placeholder) -> Bool { used.contains(placeholder.text) }
    let sides = Int64(PixelSize.sides.lowerBound)...Int64(PixelSize.sides.upperBound)
    func side(_ name: String) -> Field {
      Field(
        name, .integer(sides), .optional, unit: "pixels",
        summary: "the \(name); by default that of the image or of the aspect ratio")
    }
    let takesSize = has(.width) || has(.height)
    return (has(.prompt) ? [.prompt] : []) + (has(.image) ? [.image] : [])
      + (has(.mask) ? [.mask(.required)] : []) + (has(.width) ? [side("width")] : [])
      + (has(.height) ? [side("height")] : [])
      + (takesSize
        ? [
          Field(
            "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
            summary: "the aspect ratio, width to height")
        ] : [])
      + (has(.seed) ? [.seed] : [])
  }

  /// The command line of a request.
  ///
  /// A word that begins with a prompt never looks like an option: a prompt that begins with a dash
  /// gets a space before it.
  ///
  /// - Parameter values: paths of images and of the output; the request has the rest.
  /// - Throws: ``ImagineError`` of kind `validation` for a text that a program cannot be given.
  public func commandLine(
    of request: Request, paths: [Placeholder: String]
  ) throws(ImagineError) -> [String] {
    var values = paths
    values[.prompt] = request.prompt
    values[.seed] = request.seed.map(String.init)
    let size = size(of: request)
    values[.width] = String(size.width)
    values[.height] = String(size.height)
    if let prompt = request.prompt, prompt.unicodeScalars.contains("\0") {
      throw .invalid(field: "prompt", given: "a text with a NUL", expected: "text without one")
    }
    return (words[request.operation.name] ?? []).map { word in
      let isPrompt = word.hasPrefix(Placeholder.prompt.text)
      // Each placeholder is looked for in the configured word, never in a value.
      let text = word.replacing(/\{([a-z]+)\}/) { match in
        Placeholder(rawValue: String(match.1)).flatMap { values[$0] } ?? ""
      }
      return isPrompt && text.hasPrefix("-") ? " \(text)" : text
    }
  }

  private func size(of request: Request) -> PixelSize {
    var size = (request.aspectRatio ?? .square).pixelSize
    if request.aspectRatio == nil, case .asset(let asset)? = request.image("image"),
      let given = asset.header?.size
    {
      size = given
    }
    if let width = request["width"]?.integer { size.width = Int(width) }
    if let height = request["height"]?.integer { size.height = Int(height) }
    return size
  }
}
