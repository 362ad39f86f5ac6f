import ImagineAPI

/// Paints a scene at any size, for edits.
///
/// The painter supports usual shapes only: for a thin strip or a very large image it paints at a
/// similar supported size, which is then cropped and scaled.
enum ScaledPainting {
  /// The most pixels painted; more would add nothing visible to a background.
  private static let area = 4_000_000.0
  private static let leastSide = 64.0
  private static let aspect = 8.0

  static func painted(
    _ scene: Scene, _ rendering: Rendering, _ size: PixelSize, _ control: EngineControl
  ) throws -> Raster {
    let canvas = try Canvas(paintedSize(for: size), control: control)
    Painter(scene, rendering).paint(canvas)
    try control.check()
    return try Raster(
      Codec.cover(ToneMapping.picture(canvas, rendering), size, control: control))
  }

  static func paintedSize(for size: PixelSize) -> PixelSize {
    var (width, height) = (Double(size.width), Double(size.height))
    (width, height) = (max(width, height / aspect), max(height, width / aspect))
    let scale = max(min(1, (area / (width * height)).squareRoot()), leastSide / min(width, height))
    return PixelSize(
      width: Int((width * scale).rounded()), height: Int((height * scale).rounded()))
  }
}
