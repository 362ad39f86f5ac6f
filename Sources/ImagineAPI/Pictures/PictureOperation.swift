/// A step over the pixels of images, done on this machine: its fields, and what it does to width and
/// height.
///
/// A step is described once, here. The script's check, the request to the private server, the
/// server's check, the help, the editor types and the reference page read that description. It is no
/// call: it costs nothing, and no journal has it.
public struct PictureOperation: Sendable {
  /// The name under which the image whose method was called is sent.
  public static let base = "base"

  /// Name, fields and help. The image whose method is called is none of the fields.
  public let operation: MediaOperation
  /// What it is a function of.
  public let owner: Owner
  /// Whether only the pixels tell the result's size.
  public let sizeNeedsPixels: Bool
  /// The names of the numbers that it returns in place of an image; empty for an image.
  public let numbers: [String]
  let resolve: Resolution

  /// What a script writes before a step's name.
  public enum Owner: String, Sendable {
    case module = "imagine."
    case image = "image:"
    case video = "video:"
  }

  /// Whether it is a method of what is sent as ``base``.
  public var isMethod: Bool { owner != .module }

  /// Whether it returns a video; else it returns an image or numbers.
  public var makesVideo: Bool { operation.answer == .job }

  /// Whether it reads or makes videos.
  public var takesVideos: Bool { makesVideo || owner == .video }

  /// Whether its files may be too large or too many for memory, as videos are.
  public var takesFiles: Bool { operation.path == Self.filesPath }

  private static let filesPath = "/files"

  /// What checked fields ask for, in pixels, and the size of the result.
  typealias Resolution =
    @Sendable (StepArguments) throws(ImagineError) -> (PictureAction, PixelSize)

  init(
    _ name: String, of owner: Owner = .image, makesVideo: Bool = false, takesFiles: Bool = false,
    sizeNeedsPixels: Bool = false, numbers: [String] = [], summary: String, output: String,
    fields: [Field], example: String,
    seeAlso: [String],
    resolve: @escaping Resolution
  ) {
    operation = MediaOperation(
      name, title: name,
      path: takesFiles || makesVideo || owner == .video ? Self.filesPath : "/step",
      answer: makesVideo ? .job : .image, summary: summary, output: output, fields: fields,
      example: example, seeAlso: seeAlso)
    self.owner = owner
    self.sizeNeedsPixels = sizeNeedsPixels
    self.numbers = numbers
    self.resolve = resolve
  }

  public var name: String { operation.name }

  /// Every step, in the order of the help.
  public static let all = shapes + compositions + masks + measurements + films

  /// What it returns, in words.
  public var result: String {
    if makesVideo { return "a Video \(operation.output)" }
    return numbers.isEmpty ? operation.result : operation.output
  }

  public static func named(_ name: String) -> PictureOperation? {
    all.first { $0.name == name }
  }

  /// The field that may stand alone, as in `image:rotate(90)`; nil if there is none.
  public var soleField: Field? {
    let required = operation.fields.filter(\.isRequired)
    return required.count == 1 ? required[0] : nil
  }
}

/// A checked step with its images, and the size of its result.
public struct PictureStep: Sendable {
  public let operation: PictureOperation
  public let request: Request
  /// What to do, in pixels.
  public let action: PictureAction
  /// The size of the result; a guess if ``PictureOperation/sizeNeedsPixels``.
  public let size: PixelSize
  /// The length of the video that it returns, in seconds; nil if it returns none.
  public var seconds: Double? { if case .film(let film) = action { film.seconds } else { nil } }
  /// The sizes of its images and videos, by field.
  public let sizes: [String: [PixelSize]]

  /// What kind of file a field asks for.
  public enum Medium: Sendable {
    case image, video, audio

    /// The kind in words.
    public var name: String {
      switch self {
      case .image: "an image"
      case .video: "a video"
      case .audio: "a sound"
      }
    }

    /// The formats that can be read.
    public var expectation: String {
      switch self {
      case .image: ImageHeader.expectation
      case .video: "an MP4 or MOV file"
      case .audio: "a sound: wav, mp3, m4a, flac or ogg"
      }
    }
  }

  /// What an image or a video says about itself.
  public struct MediaFacts: Sendable {
    public var size: PixelSize
    /// Of a video; 0 if it does not say.
    public var seconds: Double

    public init(size: PixelSize, seconds: Double = 0) {
      self.size = size
      self.seconds = seconds
    }
  }

  /// Checks the fields and computes the size.
  ///
  /// - Parameters:
  ///   - images: the files by field; that whose method is called is ``PictureOperation/base``.
  ///   - facts: of a file, in a field; nil for a sound that can be used.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public init(
    _ operation: PictureOperation, _ fields: [String: Value], images: [String: [ImageInput]],
    facts: (ImageInput, _ field: String, Medium) throws(ImagineError) -> MediaFacts?
  ) throws(ImagineError) {
    let described = operation.operation.with(
      fields: (operation.baseField.map { [$0] } ?? []) + operation.operation.fields)
    // What comes from the method's receiver is no field of scripts.
    if fields[PictureOperation.base] != nil {
      throw .unknown(
        field: PictureOperation.base, of: operation.name,
        allowed: operation.operation.fields.map(\.name))
    }
    let request = try described.request(from: fields, images: images, source: .script)
    var sizes: [String: [PixelSize]] = [:]
    var durations: [String: [Double]] = [:]
    for field in described.fields {
      let inputs = request.images[field.name] ?? []
      let media = try field.media(of: inputs.count, in: request.fields[field.name])
      for (input, (medium, name)) in zip(inputs, media) {
        guard let given = try facts(input, name, medium) else { continue }
        if let fault = PixelBudget.fault(of: given.size) {
          throw ImagineError(.validation, "field '\(name)': \(fault)", field: name)
        }
        sizes[field.name, default: []].append(given.size)
        durations[field.name, default: []].append(given.seconds)
      }
    }
    let arguments = StepArguments(
      operation: described, fields: request.fields, sizes: sizes, durations: durations)
    self.operation = operation
    self.request = request
    self.sizes = sizes
    (action, self.size) = try operation.resolve(arguments)
  }

  /// The step as text with a name for each image, such as its hash: equal for equal steps.
  public func description(images: (ImageInput) -> String) -> RequestDescription {
    RequestDescription(request, images: request.images.mapValues { $0.map(images) })
  }
}

/// What a step does, with all lengths in pixels.
public enum PictureAction: Sendable, Hashable {
  case crop(PixelRectangle)
  /// The most interesting part of this size.
  case cropToSubject
  /// Puts the image at this place of the result.
  case pad(EdgeMargins, PictureColor)
  case trim(margin: Int, threshold: Int)
  case rotate(degrees: Double, PictureColor)
  case flip(isVertical: Bool)
  case adjust(PictureAdjustment)
  case paste(PicturePlacement)
  case label(PictureLabel)
  case canvas(PictureColor)
  case sheet(PictureSheet)
  case alpha
  case invert
  case grow(Int)
  case combine(PictureAction.Combination)
  case measure
  case difference
  case mask([MaskShape], feather: Int, isInverted: Bool)
  case film(PictureFilm)
  /// The picture of a video at a time in seconds.
  case frame(at: Double)

  /// How two masks become one.
  public enum Combination: String, CaseIterable, Sendable {
    case union, intersect, subtract
  }
}

extension PictureOperation {
  fileprivate var baseField: Field? {
    switch owner {
    case .module: nil
    case .image: Field(Self.base, .image, .required, summary: "the image whose method is called")
    case .video: Field(Self.base, .video, .required, summary: "the video whose method is called")
    }
  }
}

extension Field {
  /// What the files of the field are, and how errors name them.
  ///
  /// - Parameter value: the checked tables of a list of tables, each of which has one file.
  fileprivate func media(
    of count: Int, in value: Value?
  ) throws(ImagineError) -> [(PictureStep.Medium, field: String)] {
    guard case .entries(let fields, _) = kind, maxImages > 0 else {
      let medium: PictureStep.Medium =
        switch kind {
        case .video: .video
        case .audio: .audio
        default: .image
        }
      return Array(repeating: (medium, name), count: count)
    }
    var media: [(PictureStep.Medium, field: String)] = []
    let files = fields.filter { $0.maxImages > 0 }
    for (index, entry) in (value?.list ?? []).enumerated() {
      let given = files.filter { entry.table?[$0.name] != nil }
      guard given.count == 1, let field = given.first else {
        let names = files.map(\.name)
        throw ImagineError(
          .validation,
          "field '\(name)[\(index + 1)]': give one of \(names.joined(separator: ", "))",
          field: "\(name)[\(index + 1)]", allowed: names)
      }
      media += [(field.kind == .video ? .video : .image, "\(name)[\(index + 1)].\(field.name)")]
    }
    guard media.count == count else {
      throw .invalid(
        field: name, given: "\(count) files for \(media.count) tables",
        expected: "one for each table")
    }
    return media
  }
}
