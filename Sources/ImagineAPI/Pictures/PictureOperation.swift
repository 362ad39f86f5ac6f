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
  /// Whether it is a method of an image; else it is a function of `imagine`.
  public let isMethod: Bool
  /// Whether only the pixels tell the result's size.
  public let sizeNeedsPixels: Bool
  /// The names of the numbers that it returns in place of an image; empty for an image.
  public let numbers: [String]
  let resolve: Resolution

  /// What checked fields ask for, in pixels, and the size of the result.
  typealias Resolution =
    @Sendable (StepArguments) throws(ImagineError) -> (PictureAction, PixelSize)

  init(
    _ name: String, isMethod: Bool = true, sizeNeedsPixels: Bool = false,
    numbers: [String] = [], summary: String, output: String, fields: [Field], example: String,
    seeAlso: [String],
    resolve: @escaping Resolution
  ) {
    operation = MediaOperation(
      name, title: name, path: "/step", answer: .image, summary: summary, output: output,
      fields: fields, example: example, seeAlso: seeAlso)
    self.isMethod = isMethod
    self.sizeNeedsPixels = sizeNeedsPixels
    self.numbers = numbers
    self.resolve = resolve
  }

  public var name: String { operation.name }

  /// Every step, in the order of the help.
  public static let all = shapes + compositions + masks + measurements

  /// What it returns, in words.
  public var result: String { numbers.isEmpty ? operation.result : operation.output }

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
  /// The sizes of its images, by field.
  public let sizes: [String: [PixelSize]]

  /// Checks the fields and computes the size.
  ///
  /// - Parameters:
  ///   - images: by field; the image whose method is called is ``PictureOperation/base``.
  ///   - size: the size of an image, in a field.
  /// - Throws: ``ImagineError`` of kind `validation` that names the field.
  public init(
    _ operation: PictureOperation, _ fields: [String: Value], images: [String: [ImageInput]],
    size: (ImageInput, _ field: String) throws(ImagineError) -> PixelSize
  ) throws(ImagineError) {
    let described = operation.operation.with(
      fields: (operation.isMethod ? [Self.baseField] : []) + operation.operation.fields)
    // The image comes from the method's receiver, so a field of that name is an unknown one.
    if fields[PictureOperation.base] != nil {
      throw .unknown(
        field: PictureOperation.base, of: operation.name,
        allowed: operation.operation.fields.map(\.name))
    }
    let request = try described.request(from: fields, images: images, source: .script)
    var sizes: [String: [PixelSize]] = [:]
    for (field, inputs) in request.images {
      for input in inputs {
        let given = try size(input, field)
        if let fault = PixelBudget.fault(of: given) {
          throw ImagineError(.validation, "field '\(field)': \(fault)", field: field)
        }
        sizes[field, default: []].append(given)
      }
    }
    let arguments = StepArguments(operation: described, fields: request.fields, sizes: sizes)
    self.operation = operation
    self.request = request
    self.sizes = sizes
    (action, self.size) = try operation.resolve(arguments)
  }

  private static let baseField = Field(
    PictureOperation.base, .image, .required, summary: "the image whose method is called")

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

  /// How two masks become one.
  public enum Combination: String, CaseIterable, Sendable {
    case union, intersect, subtract
  }
}
