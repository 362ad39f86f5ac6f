import CImaging
import ImagineAPI
import MediaFiles

/// Reads, writes and scales image files through CImaging.
///
/// Every size is checked against the ``PixelBudget`` before anything is decoded or allocated.
enum Codec {
  /// Decodes an image that the caller sent as `field`, and turns it upright.
  static func decode(
    _ bytes: [UInt8], field: String, control: EngineControl = EngineControl()
  ) throws -> Bitmap {
    try decode(bytes, field: field, control: control) { $0 }.picture
  }

  /// Decodes an image that will be scaled down, in a fraction of the time where its format allows:
  /// the sides of a JPEG are divided by 2, 4 or 8 while it is decoded.
  ///
  /// - Parameter target: the size that it will be scaled to, from its own.
  /// - Returns: the image, of the target's size or at least ``leastReserve`` times it, and its own
  ///   size.
  static func decode(
    _ bytes: [UInt8], field: String, control: EngineControl = EngineControl(),
    scaledTo target: (PixelSize) throws -> PixelSize
  ) throws -> (picture: Bitmap, size: PixelSize) {
    let file = try ImageFile(bytes, field: field)
    let size = try ImageInspection(file, field: field).size
    // The server reserves memory by the size in the header.
    if let declared = ImageHeader(bytes)?.size,
      PixelBudget.area(declared.width, declared.height) < size.width * size.height
    {
      throw EngineError.unusable(
        field: field, reason: "its header declares \(declared) pixels, but it contains \(size)")
    }
    let shrink = shrink(from: size, to: try target(size))
    var picture = ImagingPicture()
    try call(field, control) { control, fault in
      imaging_decode(
        file.bytes, file.bytes.count, file.format.code, Int32(file.orientation), Int32(shrink),
        control, &picture, fault)
    }
    return (Bitmap(picture), size)
  }

  /// Dividing while decoding sharpens more than the kernel that scales the rest, so some is left to
  /// it, unless there is no rest.
  private static let leastReserve = 1.5

  private static func shrink(from size: PixelSize, to target: PixelSize) -> Int {
    [8, 4, 2].first { shrink in
      let whole = PixelSize(width: shrink * target.width, height: shrink * target.height)
      return size == whole
        || Double(size.width) >= leastReserve * Double(whole.width)
          && Double(size.height) >= leastReserve * Double(whole.height)
    } ?? 1
  }

  /// Encodes an image. If it has no other owner, its pixels are freed while a PNG of it is made, so
  /// that image and file are not whole in memory together.
  ///
  /// - Parameter isCompact: whether a JPEG takes more time for fewer bytes.
  static func encode(
    _ picture: consuming Bitmap, as format: ImageFormat, quality: Int = 90,
    isCompact: Bool = false, control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    var memory: UnsafeMutablePointer<UInt8>?
    var count = 0
    let isLastUse = isKnownUniquelyReferenced(&picture)
    let (size, channels) = (picture.size, picture.channels)
    // The pixels change only at their last use.
    try picture.withOwnPixels { pixels in
      try call("format", control) { control, fault in
        imaging_encode(
          pixels.baseAddress, Int32(size.width), Int32(size.height), Int32(channels),
          isLastUse ? 1 : 0, format.code, Int32(quality), isCompact ? 1 : 0, control, &memory,
          &count, fault)
      }
    }
    defer { imaging_free(memory) }
    return Array(UnsafeBufferPointer(start: memory, count: count))
  }

  /// Scales to exactly a size.
  static func scale(
    _ picture: Bitmap, to size: PixelSize, kernel: Conversion.Kernel = .lanczos,
    control: EngineControl = EngineControl()
  ) throws -> Bitmap {
    if size == picture.size { return picture }
    try PixelBudget.check(size, field: "image")
    var scaled = ImagingPicture()
    try picture.withPixels { pixels in
      try call("image", control) { control, fault in
        imaging_resize(
          pixels.baseAddress, Int32(picture.width), Int32(picture.height),
          Int32(picture.channels), Int32(size.width), Int32(size.height), kernel.code, control,
          &scaled, fault)
      }
    }
    return Bitmap(scaled)
  }

  /// Scales an image so that it covers a size: crops it to the shape about its middle, then scales.
  /// No intermediate image is larger than the source or the result.
  static func cover(
    _ picture: Bitmap, _ size: PixelSize, kernel: Conversion.Kernel = .lanczos,
    control: EngineControl = EngineControl()
  ) throws -> Bitmap {
    func side(_ length: Int, _ other: Int, _ wanted: Int, _ wantedOther: Int) -> Int {
      let shaped = (Double(other) * Double(wanted) / Double(wantedOther)).rounded()
      return max(1, min(length, Int(shaped)))
    }
    let width = side(picture.width, picture.height, size.width, size.height)
    let height = side(picture.height, picture.width, size.height, size.width)
    let part = try picture.cropped(
      left: (picture.width - width) / 2, top: (picture.height - height) / 2, width: width,
      height: height)
    return try scale(part, to: size, kernel: kernel, control: control)
  }

  /// Calls a function of CImaging. A fault becomes an ``EngineError``, or the
  /// ``EngineControl/Stop`` of the control.
  static func call(
    _ field: String, _ control: EngineControl = EngineControl(),
    _ body: (UnsafePointer<ImagingControl>, UnsafeMutablePointer<ImagingFault>) -> Int32
  ) throws {
    try control.check()
    var fault = ImagingFault()
    let isDone = withExtendedLifetime(control) {
      var asked = ImagingControl(context: Unmanaged.passUnretained(control).toOpaque()) { context in
        guard let context else { return 0 }
        let control = Unmanaged<EngineControl>.fromOpaque(context).takeUnretainedValue()
        return control.isStopped ? 1 : 0
      }
      return body(&asked, &fault) != 0
    }
    if isDone { return }
    if fault.kind == Int32(IMAGING_STOPPED) { try control.check() }
    let message = withUnsafeBytes(of: fault.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if fault.kind == Int32(IMAGING_UNUSABLE) {
      throw EngineError.unusable(field: field, reason: message)
    }
    if fault.kind == Int32(IMAGING_MISSING) { throw EngineError.resourceMissing(message) }
    throw EngineError.failed(message)
  }
}

extension ImageFormat {
  /// The format's number in CImaging.
  var code: Int32 {
    switch self {
    case .png: Int32(IMAGING_PNG)
    case .jpeg: Int32(IMAGING_JPEG)
    case .webp: Int32(IMAGING_WEBP)
    case .avif: Int32(IMAGING_AVIF)
    case .tiff: Int32(IMAGING_TIFF)
    case .gif: Int32(IMAGING_GIF)
    }
  }
}

extension Conversion.Kernel {
  /// The kernel's number in CImaging.
  fileprivate var code: Int32 {
    switch self {
    case .lanczos: Int32(IMAGING_LANCZOS)
    case .cubic: Int32(IMAGING_CUBIC)
    case .linear: Int32(IMAGING_LINEAR)
    case .nearest: Int32(IMAGING_NEAREST)
    }
  }
}
