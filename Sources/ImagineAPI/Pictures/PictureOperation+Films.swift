/// Steps over videos.
extension PictureOperation {
  static let films = [film, frame]

  private static let longest = Double(PictureFilm.maxSeconds)

  private static let clipFields = [
    Field("image", .image, .optional, summary: "a still"),
    Field("video", .video, .optional, summary: "a Video, or the path of an MP4 or MOV file"),
    Field(
      "seconds", .number(0.04...longest), .optional, unit: "seconds",
      summary: "how long a still is seen; 3 by default"),
    Field(
      "from", .number(0...Field.maxSeconds), .optional, unit: "seconds",
      summary: "where the video begins; at its start by default"),
    Field(
      "to", .number(0...Field.maxSeconds), .optional, unit: "seconds",
      summary: "where it ends; at its end by default"),
    Field("caption", .text, .optional, summary: "a text at the bottom"),
  ]

  private static let transitionFields = [
    Field(
      "kind", .choice(PictureFilm.Transition.Kind.allCases.map(\.rawValue)),
      .defaulted(PictureFilm.Transition.Kind.fade.rawValue),
      summary: "fade mixes two clips, black goes through black"),
    Field(
      "seconds", .number(0.04...10), .defaulted("0.5"), unit: "seconds",
      summary: "how long it takes, within both clips"),
  ]

  public static let film = PictureOperation(
    "film", of: .module, makesVideo: true,
    summary: "makes a film of stills and parts of videos, in order",
    output: "of H.264, with the sound of `audio` alone",
    fields: [
      Field(
        "clips", .entries(clipFields, PictureFilm.maxClips), .required,
        summary: "an image or a video each, with a caption; what has another shape gets edges"),
      Field(
        "transition", .table(transitionFields), .optional,
        summary: "between clips; a cut by default"),
      Field(
        "audio", .audio, .optional,
        summary: "the sound, cut or filled with silence to the film's length"),
      Field(
        "size", .text, .optional,
        summary: "width and height such as 1280x720, even; by default about the first clip's"),
      Field(
        "fps", .integer(1...60), .defaulted("24"), unit: "pictures a second",
        summary: "what clips of another rate are brought to"),
    ],
    example: """
      local photo = imagine.open("photo.png")
      local film = imagine.film{
        clips = { { image = photo, seconds = 1, caption = "Day 1" }, { image = photo:flip("horizontal"), seconds = 1 } },
        transition = { seconds = 0.25 }, size = "320x180", fps = 12,
      }
      film:save("days.mp4")
      """,
    seeAlso: ["frame", "video", "label"]
  ) { arguments throws(ImagineError) in
    let film = try PictureFilm(arguments)
    return (.film(film), film.size)
  }

  public static let frame = PictureOperation(
    "frame", of: .video, summary: "takes a picture out of a video",
    output: "of the video's size, as a PNG",
    fields: [
      Field(
        "seconds", .number(0...Field.maxSeconds), .required, unit: "seconds",
        summary: "the time in the video; its length gives the last picture")
    ],
    example: """
      local film = imagine.film{ { image = imagine.open("photo.png"), seconds = 1 } }
      film:frame(film.duration):save("last.png")
      """,
    seeAlso: ["film", "animate"]
  ) { arguments throws(ImagineError) in
    let seconds = arguments.number("seconds")
    if let length = arguments.durations[base]?.first, length > 0, seconds > length {
      throw arguments.invalid(
        "seconds", "\(seconds)", "at most \(length), the seconds of the video")
    }
    return (.frame(at: seconds), arguments.base)
  }
}

/// A film, in pixels and whole frames.
public struct PictureFilm: Sendable, Hashable {
  public static let maxClips = 200
  public static let maxSeconds = 600
  /// The longer side and the area.
  public static let maxSide = 3840
  public static let maxArea = 3840 * 2160
  /// The longer side that the film has by default at most.
  static let standardSide = 1920

  public struct Clip: Sendable, Hashable {
    public var isVideo: Bool
    /// Where the video begins, in seconds.
    public var start: Double
    public var frames: Int
    public var caption: String?
    /// Where it is in the film's frame.
    public var part: PixelRectangle
  }

  public struct Transition: Sendable, Hashable {
    public enum Kind: String, CaseIterable, Sendable { case fade, black }

    public var kind: Kind
    public var frames: Int
  }

  public let size: PixelSize
  public let framesPerSecond: Int
  public let clips: [Clip]
  /// Nil for cuts.
  public let transition: Transition?

  public var frames: Int {
    clips.reduce(0) { $0 + $1.frames } - (clips.count - 1) * (transition?.frames ?? 0)
  }

  public var seconds: Double { Double(frames) / Double(framesPerSecond) }

  /// The size of the letters of captions.
  public var captionSize: Int { min(max(min(size.width, size.height) / 16, 9), 200) }

  init(_ arguments: StepArguments) throws(ImagineError) {
    let entries = (arguments.fields["clips"]?.list ?? []).compactMap(\.table)
    let sizes = arguments.sizes["clips"] ?? []
    let durations = arguments.durations["clips"] ?? []
    let rate = arguments.integer("fps") ?? 24
    let size = try Self.size(arguments, first: sizes.first)
    var clips: [Clip] = []
    var seconds = 0.0
    for (index, entry) in entries.enumerated()
    where sizes.indices.contains(index) && durations.indices.contains(index) {
      let clip = try ClipTimes(entry, length: durations[index], name: "clips[\(index + 1)]")
      seconds += clip.seconds
      guard seconds <= Double(Self.maxSeconds) else {
        throw arguments.invalid(
          "clips", "more than \(Self.maxSeconds) seconds at clip \(index + 1)",
          "at most \(Self.maxSeconds) seconds together")
      }
      let caption = try entry["caption"]?.text.map { (text) throws(ImagineError) in
        try PictureOperation.checkedText(text, "clips[\(index + 1)].caption")
      }
      clips.append(
        Clip(
          isVideo: entry["video"] != nil, start: clip.start,
          frames: max(1, Int((clip.seconds * Double(rate)).rounded())), caption: caption,
          part: Self.part(of: size, for: sizes[index])))
    }
    transition = try arguments.fields["transition"]?.table.map { (table) throws(ImagineError) in
      let transition = Transition(
        kind: table["kind"]?.text.flatMap(Transition.Kind.init(rawValue:)) ?? .fade,
        frames: max(1, Int(((table["seconds"]?.double ?? 0.5) * Double(rate)).rounded())))
      for (index, clip) in clips.enumerated() {
        let neighbours = (index > 0 ? 1 : 0) + (index < clips.count - 1 ? 1 : 0)
        guard clip.frames >= neighbours * transition.frames else {
          let length = Double(clip.frames) / Double(rate)
          throw arguments.invalid(
            "transition.seconds", "\(Double(transition.frames) / Double(rate))",
            "at most \(length / Double(neighbours)): clip \(index + 1) lasts \(length) seconds")
        }
      }
      return transition
    }
    self.size = size
    framesPerSecond = rate
    self.clips = clips
  }

  private static func size(
    _ arguments: StepArguments, first: PixelSize?
  ) throws(ImagineError) -> PixelSize {
    guard let text = arguments.text("size") else {
      let first = first ?? PixelSize(width: 2, height: 2)
      let scale = min(1, Double(standardSide) / Double(max(first.width, first.height)))
      func even(_ side: Int) -> Int { max(16, Int((Double(side) * scale / 2).rounded()) * 2) }
      return PixelSize(width: even(first.width), height: even(first.height))
    }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1],
      (16...maxSide).contains(width), (16...maxSide).contains(height), width % 2 == 0,
      height % 2 == 0, width * height <= maxArea
    else {
      throw arguments.invalid(
        "size", Value.text(text).quoted,
        "even sides of 16 to \(maxSide) such as 1280x720, at most 3840x2160 pixels")
    }
    return PixelSize(width: width, height: height)
  }

  /// The whole clip, in the middle.
  private static func part(of size: PixelSize, for clip: PixelSize) -> PixelRectangle {
    let scale = min(
      Double(size.width) / Double(clip.width), Double(size.height) / Double(clip.height))
    let inner = PixelSize(
      width: min(size.width, max(1, Int((Double(clip.width) * scale).rounded()))),
      height: min(size.height, max(1, Int((Double(clip.height) * scale).rounded()))))
    return PixelRectangle(
      x: (size.width - inner.width) / 2, y: (size.height - inner.height) / 2, size: inner)
  }
}

/// When a clip begins, and how long it lasts.
private struct ClipTimes {
  var start = 0.0
  var seconds: Double

  /// - Parameter length: the seconds of its video; 0 for a still, or if the video does not say.
  init(_ entry: [String: Value], length: Double, name: String) throws(ImagineError) {
    guard entry["video"] != nil else {
      for field in ["from", "to"] where entry[field] != nil {
        throw Self.fault(name, field, "a still has none; `seconds` says how long it is seen")
      }
      seconds = entry["seconds"]?.double ?? 3
      return
    }
    guard entry["seconds"] == nil else {
      throw Self.fault(name, "seconds", "a video has none; `from` and `to` say which part is seen")
    }
    start = entry["from"]?.double ?? 0
    guard let end = entry["to"]?.double ?? (length > 0 ? length : nil) else {
      throw Self.fault(name, "to", "the video does not tell its length, so `to` is needed")
    }
    for (field, time) in [("from", start), ("to", end)] where length > 0 && time > length {
      throw Self.fault(name, field, "\(time) is beyond the video's \(length) seconds")
    }
    guard end > start else {
      throw Self.fault(
        name, entry["to"] == nil ? "from" : "to",
        "from \(start) to \(end) leaves nothing of the video"
          + (length > 0 ? "'s \(length) seconds" : ""))
    }
    seconds = end - start
  }

  private static func fault(_ clip: String, _ field: String, _ reason: String) -> ImagineError {
    ImagineError(.validation, "field '\(clip).\(field)': \(reason)", field: "\(clip).\(field)")
  }
}
