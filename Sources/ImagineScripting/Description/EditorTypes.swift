import ImagineAPI
import ImagineRuns

/// The generated parts of `stdlib/types/imagine.lua`, which editors read. What is written by hand in
/// that file stays outside the marks.
public enum EditorTypes {
  /// The parts by the names of their marks.
  public static var parts: [String: String] {
    ["calls": text(calls), "methods": text(methods)]
  }

  /// All parts.
  public static var text: String { "\(text(calls + methods))\n" }

  /// Replaces the parts in the text of the file.
  ///
  /// - Throws: `ImagineError` of kind `validation` if a mark is missing.
  public static func replaced(in file: String) throws(ImagineError) -> String {
    try MarkedText.replace(parts, in: file)
  }

  private static var calls: [[String]] {
    types.aliases.map(\.lines) + [
      types.type(
        "imagine.call", CallField.ofEveryCall, remark: "Options of every call."),
      types.type(
        "imagine.picture_call", parent: "imagine.call", [CallField.count],
        remark: "Options of a call that returns images."),
      types.type(
        "imagine.mask_call", parent: "imagine.picture_call", [CallField.composite],
        remark: "Options of an edit inside a mask."),
    ]
      + MediaOperation.all.map { types.classes(of: $0.ofAllKinds, prefix: "imagine") } + [
        types.type("imagine.conversion", ConversionField.all),
        types.type("imagine.save_options", SaveField.all),
        [
          "--- A length for each edge: pixels, or a share such as `10%`.",
          "---@class imagine.margins",
        ] + ["top", "right", "bottom", "left"].map { "---@field \($0)? number|string" },
      ]
      + PictureOperation.all.filter { !$0.operation.fields.isEmpty }.map { step in
        types.type(step.typeName, step.operation.fields)
      } + [
        types.type("imagine.wait_options", WaitField.all),
        types.type("imagine.settings", SettingField.all),
        [
          "--- The functions of one provider: those of `imagine`, or of what `imagine.provider`"
            + " returns.",
          "---@class imagine.client", "local client = {}",
        ],
      ]
      + MediaOperation.all.map { types.function(of: $0, table: "client", prefix: "imagine") }
  }

  private static var methods: [[String]] {
    PictureOperation.all.map { types.function(of: $0) } + [
      [
        "--- The image in another format or size, made on this machine.",
        "---@param conversion? imagine.conversion", "---@return imagine.Image",
        "function Image:convert(conversion) end",
      ]
    ] + MediaOperation.all.filter { $0.field("image") != nil }.map(types.method)
  }

  private static func text(_ paragraphs: [[String]]) -> String {
    paragraphs.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  static let types = LuaTypes(aliases: [
    .init(
      name: "imagine.style",
      values: ImageStyle.allCases.map { style in
        let price = style.price.map { "; \(Price.tokens($0))" } ?? ""
        return (style.rawValue, style.summary + price)
      }),
    .init(name: "imagine.video_style", values: plain(VideoStyle.known), isOpen: true),
    .init(
      name: "imagine.aspect_ratio",
      values: AspectRatio.allCases.map { ($0.rawValue, "\($0.pixelSize) at `local`") }),
    .init(
      name: "imagine.video_aspect_ratio",
      values: AspectRatio.video.map { ($0.rawValue, "\($0.videoSize) at `local`") }),
    .init(
      name: "imagine.provider_name",
      values: BuiltInProvider.allCases.map { ($0.name, $0.summary) }, isOpen: true),
    .init(
      name: "imagine.provider_kind",
      values: ProviderKind.allCases.map { ($0.rawValue, $0.summary) }),
    .init(name: "imagine.format", values: plain(ImageFormat.allCases.map(\.rawValue))),
    .init(
      name: "imagine.job_status", values: plain(JobState.allCases.map(\.rawValue))),
    .init(
      name: "imagine.call_state", values: plain(JournaledCall.State.allCases.map(\.rawValue))),
    .init(
      name: "imagine.error_kind",
      values: ImagineError.Kind.allCases.map { ($0.rawValue, $0.summary) }),
  ])

  private static func plain(_ names: [String]) -> [(name: String, remark: String)] {
    names.map { ($0, "") }
  }
}

extension MediaOperation {
  /// The operation with the fields of every kind of provider, each kind's own ones optional.
  fileprivate var ofAllKinds: MediaOperation {
    var all = fields
    for kind in ProviderKind.allCases {
      guard let other = kind.operations.first(where: { $0.name == name }) else { continue }
      for field in other.fields where !all.contains(where: { $0.name == field.name }) {
        all.append(
          Field(
            field.name, field.kind, .optional, unit: field.unit,
            summary: "providers of the kind \(kind.rawValue): \(field.summary)"))
      }
    }
    return with(fields: all)
  }
}
