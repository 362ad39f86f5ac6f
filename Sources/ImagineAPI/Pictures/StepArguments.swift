/// The checked fields of a picture step, with the sizes of its images.
struct StepArguments {
  let operation: MediaOperation
  let fields: [String: Value]
  /// The images by field, in order; the image whose method was called is ``PictureOperation/base``.
  let sizes: [String: [PixelSize]]
  /// The seconds of videos in the same order; 0 for images.
  let durations: [String: [Double]]

  /// The size of the image whose method was called.
  var base: PixelSize {
    sizes[PictureOperation.base]?.first ?? PixelSize(width: 1, height: 1)
  }

  func number(_ name: String) -> Double { fields[name]?.double ?? 0 }
  func integer(_ name: String) -> Int? { fields[name]?.integer.map(Int.init) }
  func text(_ name: String) -> String? { fields[name]?.text }
  func flag(_ name: String) -> Bool { fields[name]?.flag ?? false }
  func color(_ name: String) -> PictureColor? { fields[name]?.text.flatMap(PictureColor.init) }

  /// A length in pixels; nil if it is not given.
  func pixels(_ name: String, of whole: Int) -> Int? {
    fields[name].flatMap { Self.pixels($0, of: whole) }
  }

  static func pixels(_ value: Value, of whole: Int) -> Int? {
    if let pixels = value.integer { return Int(pixels) }
    guard let text = value.text, let percent = Double(text.dropLast()) else { return nil }
    return Int((Double(whole) * percent / 100).rounded())
  }

  /// A position from the near edge: a negative one counts from the far edge.
  func position(_ name: String, of whole: Int) -> Int? {
    pixels(name, of: whole).map { $0 < 0 ? whole + $0 : $0 }
  }

  /// The pixels of a field of margins. A single share is one of the shorter side.
  func margins(_ name: String) -> EdgeMargins {
    let base = base
    guard case .table(let edges)? = fields[name] else {
      let all = pixels(name, of: min(base.width, base.height)) ?? 0
      return EdgeMargins(top: all, right: all, bottom: all, left: all)
    }
    func edge(_ name: String, _ whole: Int) -> Int {
      edges[name].flatMap { Self.pixels($0, of: whole) } ?? 0
    }
    return EdgeMargins(
      top: edge("top", base.height), right: edge("right", base.width),
      bottom: edge("bottom", base.height), left: edge("left", base.width))
  }

  /// - Throws: ``ImagineError`` that names the field if the ``PixelBudget`` does not allow the size.
  func checked(_ size: PixelSize, _ field: String) throws(ImagineError) -> PixelSize {
    guard let fault = PixelBudget.fault(of: size) else { return size }
    throw ImagineError(
      .validation, "field '\(field)': the result would have \(fault)", field: field)
  }

  func invalid(_ field: String, _ given: String, _ expected: String) -> ImagineError {
    .invalid(field: field, given: given, expected: expected)
  }

  /// - Parameter rule: which fields belong together, or exclude each other.
  func contradiction(_ field: String, _ rule: String) -> ImagineError {
    ImagineError(.validation, "field '\(field)': \(rule)", field: field)
  }
}

/// Pixels at the edges of an image.
public struct EdgeMargins: Sendable, Hashable {
  public var top: Int
  public var right: Int
  public var bottom: Int
  public var left: Int

  public init(top: Int = 0, right: Int = 0, bottom: Int = 0, left: Int = 0) {
    self.top = top
    self.right = right
    self.bottom = bottom
    self.left = left
  }
}

/// A part of an image, in pixels from its upper left.
public struct PixelRectangle: Sendable, Hashable {
  public var x: Int
  public var y: Int
  public var size: PixelSize

  public init(x: Int, y: Int, size: PixelSize) {
    self.x = x
    self.y = y
    self.size = size
  }
}
