/// What the help says about one operation or function of scripts.
///
/// It is made from the descriptions alone, without input and output: the command `imagine help`, the
/// reference page and a REPL show it each in its own form.
///
/// For example:
///
/// ```swift
/// HelpTopic.named("generate")?.text   // "imagine.generate{ prompt = …, style = …, … }\n…"
/// ```
public struct HelpTopic: Sendable {
  /// Fields under a heading.
  public struct Group: Sendable {
    public let title: String
    public let fields: [Field]
  }

  /// The prices at one provider.
  public struct Prices: Sendable {
    public let provider: String
    /// Of an image or a job, such as `5 tokens: anime, realistic`.
    public let texts: [String]
  }

  public let name: String
  /// The vendor's name; nil for a function of the host alone.
  public let title: String?
  /// Ways to write the call.
  public let signatures: [String]
  /// What the call returns, in words.
  public let result: String
  /// One line, without a capital and a full stop.
  public let summary: String
  public let groups: [Group]
  public let prices: [Prices]
  /// A script that runs; empty if there is none.
  public let example: String
  public let seeAlso: [String]
  /// Method and path of the request; nil for a function of the host alone.
  public let endpoint: String?
}

extension HelpTopic {
  /// The title of the group with the fields that every provider takes.
  public static let fieldsTitle = "Fields"
  /// The title of the group with the options that every call has.
  public static let optionsTitle = "Options"

  /// The topic of a name, such as `generate`, `imagine.generate` or `remove-background`; nil if
  /// there is none.
  ///
  /// - Parameter profiles: the providers whose prices are shown.
  public static func named(
    _ name: String, profiles: [ProviderProfile] = ProviderProfile.builtIn
  ) -> HelpTopic? {
    var name = String(name.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
    for prefix in ["imagine.", "image:", "job:"] where name.hasPrefix(prefix) {
      name.removeFirst(prefix.count)
    }
    return all(profiles).first { $0.name == name }
  }

  /// The fields of a function that is no operation of a service, such as `crop` or `wait`; empty for
  /// another name.
  public static func fields(ofFunction name: String) -> [Field] {
    functions.first { $0.name == name }?.groups.flatMap(\.fields) ?? []
  }

  /// Every topic: the operations in the order of the vendor's documentation, then the functions.
  public static func all(_ profiles: [ProviderProfile] = ProviderProfile.builtIn) -> [HelpTopic] {
    MediaOperation.all.map { HelpTopic($0, profiles) } + functions
      + PictureOperation.all.map { HelpTopic($0) }
  }

  private init(_ operation: MediaOperation, _ profiles: [ProviderProfile]) {
    name = operation.name
    title = operation.title
    signatures = operation.signatures
    result = operation.result
    summary = operation.summary
    var groups = [Group(title: Self.fieldsTitle, fields: operation.fields)]
    for kind in ProviderKind.allCases {
      guard let other = kind.operations.first(where: { $0.name == operation.name }) else {
        continue
      }
      let own = other.fields.filter { operation.field($0.name) == nil }
      guard !own.isEmpty else { continue }
      groups.append(Group(title: "Fields at providers of the kind \(kind.rawValue)", fields: own))
    }
    groups.append(Group(title: Self.optionsTitle, fields: CallField.all(for: operation)))
    self.groups = groups
    prices = profiles.compactMap { profile in
      let texts = profile.priceTexts(of: operation.name)
      return texts.isEmpty ? nil : Prices(provider: profile.name, texts: texts)
    }
    example = operation.example
    seeAlso = operation.seeAlso
    endpoint = operation.endpoint
  }

  private init(_ step: PictureOperation) {
    let operation = step.operation
    let call = "\(step.owner.rawValue)\(step.name)"
    var signatures =
      operation.fields.isEmpty
      ? ["\(call)()"] : ["\(call){ \(Self.names(operation.fields)) }"]
    if let sole = step.soleField { signatures.append("\(call)(\(sole.name))") }
    self.init(
      step.name, signatures, result: step.result, summary: operation.summary,
      fields: operation.fields, example: operation.example, seeAlso: operation.seeAlso)
  }

  /// A function of scripts that is no operation of a service.
  private init(
    _ name: String, _ signatures: [String], result: String, summary: String, fields: [Field],
    example: String, seeAlso: [String]
  ) {
    self.name = name
    title = nil
    self.signatures = signatures
    self.result = result
    self.summary = summary
    groups = [Group(title: Self.fieldsTitle, fields: fields)]
    prices = []
    self.example = example
    self.seeAlso = seeAlso
    endpoint = nil
  }

  private static let functions: [HelpTopic] = [
    HelpTopic(
      "convert", ["image:convert{ \(names(ConversionField.all)) }"],
      result: MediaOperation.convert.result, summary: MediaOperation.convert.summary,
      fields: ConversionField.all, example: MediaOperation.convert.example,
      seeAlso: MediaOperation.convert.seeAlso),
    HelpTopic(
      "save", ["image:save(path, { \(names(SaveField.all)) })"],
      result: "the path", summary: "saves an image in the format of the path's extension",
      fields: SaveField.all,
      example: """
        local photo = imagine.open("photo.png")
        photo:save("out/photo.jpg", { max_bytes = 20000, overwrite = "number" })
        """,
      seeAlso: ["convert"]),
    HelpTopic(
      "inspect", ["imagine.inspect(path)", "imagine.inspect(image)"],
      result: "a table of format, width, height, alpha, duration, bytes, sha256, and claims",
      summary: "tells what an image or a video is, and what it says about its making", fields: [],
      example: """
        local facts = imagine.inspect("photo.png")
        print(facts.width, facts.height, facts.bytes, facts.claims and facts.claims.prompt)
        """,
      seeAlso: ["measure", "save"]),
    HelpTopic(
      "wait", ["job:wait{ timeout = …, on_progress = … }", "imagine.wait(job, { … })"],
      result: "a Video, downloaded", summary: "waits for a job's video and downloads it",
      fields: WaitField.all,
      example: """
        local job = imagine.video("waves at dusk")
        job:wait{ on_progress = function(job) print(job.status, job.progress) end }:save("waves.mp4")
        """,
      seeAlso: ["video", "animate"]),
    HelpTopic(
      "configure", ["imagine.configure{ \(names(SettingField.all)) }"],
      result: "nothing", summary: "sets defaults of later calls, and limits of the run",
      fields: SettingField.all,
      example: """
        imagine.configure{ concurrency = 4, retries = 5, budget = 100 }
        imagine.generate("a cat on a sofa"):save("cat.png")
        """,
      seeAlso: ["generate"]),
  ]

  fileprivate static func names(_ fields: [Field]) -> String {
    fields.map { "\($0.name) = …" }.joined(separator: ", ")
  }
}

extension MediaOperation {
  /// Ways to write the call in a script.
  fileprivate var signatures: [String] {
    var signatures = ["imagine.\(name){ \(HelpTopic.names(fields)) }"]
    let required = fields.filter(\.isRequired).map(\.name)
    if required == ["prompt"] || required == ["image"] {
      signatures.append("imagine.\(name)(\(required[0]))")
    }
    if field("image") != nil {
      let others = fields.filter { $0.name != "image" }
      let rest = others.isEmpty ? "()" : "{ \(HelpTopic.names(others)) }"
      signatures.append("image:\(name)\(rest)")
    }
    return signatures
  }
}
