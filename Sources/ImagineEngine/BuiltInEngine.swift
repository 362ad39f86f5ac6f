public import ImagineAPI

/// The engine that comes with Imagine: it paints by rules and needs no model.
///
/// Equal requests give equal pixels on every machine, whatever its load and number of cores.
///
/// ```swift
/// let engine = BuiltInEngine()
/// let png = try engine.paint(
///   prompt: "a red boat on a blue lake", style: .realistic, aspectRatio: .square, seed: 7)
/// ```
public struct BuiltInEngine: Engine {
  public let version = "imagine-engine-9"

  public init() {}

  /// Starts what the first call would wait for.
  public func prepare() {
    let size = PixelSize(width: 64, height: 64)
    _ = try? Codec.encode(picture(prompt: "", style: .standard, size: size, seed: 1), as: .png)
  }

  /// Every operation has a function.
  public func supports(_ operation: MediaOperation) -> Bool { true }

  public func unmetRequirement(for operation: MediaOperation) -> String? {
    let needsProgram =
      operation.answer == .job || PictureOperation.named(operation.name)?.takesVideos == true
    return needsProgram && FFmpegProcess.installedPath == nil ? FFmpegProcess.missingMessage : nil
  }

  public func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    try Codec.encode(
      picture(
        prompt: prompt, style: style, size: aspectRatio.pixelSize, seed: seed, control: control),
      as: .png, control: control)
  }

  /// The pixels of ``paint(prompt:style:aspectRatio:seed:control:)`` at any size.
  func picture(
    prompt: String, style: ImageStyle, size: PixelSize, seed: Int64,
    control: EngineControl = EngineControl()
  ) throws -> Bitmap {
    let aspect = Float(size.width) / Float(size.height)
    let scene = Composer.scene(of: prompt, aspect: aspect, seed: seed)
    let canvas = try Canvas(size, control: control)
    let rendering = Rendering(style)
    Painter(scene, rendering).paint(canvas)
    try control.check()
    return try ToneMapping.picture(canvas, rendering)
  }
}
