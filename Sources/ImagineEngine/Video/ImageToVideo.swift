public import ImagineAPI

extension BuiltInEngine {
  public func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl = EngineControl()
  ) throws -> VideoFiles {
    let picture = try Codec.decode(image, field: "image", control: control)
    let shape = aspectRatio ?? .nearest(to: picture.size, among: AspectRatio.video)
    let size = shape.videoSize
    let scene = Composer.scene(
      of: prompt, aspect: Float(size.width) / Float(size.height), seed: seed)
    let still = try StillImage(
      picture, filling: size, prompt: prompt, scene: scene, control: control)
    var rendering = Rendering(.cutout)
    rendering.bloom = 0
    return try VideoWriter(size: size, folder: folder).run(control) { [rendering] time in
      let canvas = try Canvas(size, control: control)
      still.paint(canvas, at: time)
      Painter(scene, rendering, time: time).paintWeather(canvas)
      return try ToneMapping.gammaOnly(canvas)
    }
  }
}

/// A given image with a camera that moves over it. When the prompt names water or wind, the image's
/// lower or upper part ripples.
private struct StillImage {
  /// How much larger than the video the image is kept, so that zooming in stays sharp.
  private static let margin = 1.3

  private let picture: Raster
  private let move: CameraMove
  private let waves: Float
  private let wind: Float
  private let horizon: Float
  private let noise: Noise

  init(
    _ source: Bitmap, filling size: PixelSize, prompt: String, scene: Scene, control: EngineControl
  ) throws {
    picture = try Raster(
      Codec.cover(
        source,
        PixelSize(
          width: Int(Double(size.width) * Self.margin),
          height: Int(Double(size.height) * Self.margin)), control: control))
    move = CameraMove(prompt: prompt, scene: scene)
    waves = [.sea, .coast, .lake].contains(scene.place) ? 1 : 0
    wind = scene.weather == .wind || scene.weather == .storm ? 1 : 0
    horizon = scene.horizon
    noise = Noise(scene.stream.split("still"))
  }

  func paint(_ canvas: Canvas, at time: Float) {
    let view = move.view(at: time)
    let aspect = Float(canvas.width) / Float(canvas.height)
    let zoom = max(view.zoom, 1) * 1.02
    canvas.inBands { rows in
      for row in rows {
        let line = canvas.pixels + row * canvas.width
        for column in 0..<canvas.width {
          var x = ((Float(column) + 0.5) / Float(canvas.width) - 0.5) / zoom + 0.5
          var y = ((Float(row) + 0.5) / Float(canvas.height) - 0.5) / zoom + 0.5
          x += view.pan * 0.3 / aspect
          y += view.lift * 0.3
          if waves > 0, y > horizon {
            let depth = (y - horizon) * 6
            x += (noise.value(x * 9, y * 40 + time * 1.6) - 0.5) * 0.006 * min(depth, 1)
            y += (noise.value(x * 14, y * 50 - time * 1.2) - 0.5) * 0.006 * min(depth, 1)
          }
          if wind > 0 {
            x += (noise.value(x * 4 + time * 0.9, y * 4) - 0.5) * 0.006 * (1 - y)
          }
          line[column] = sample(x, y)
          line[column].w = 1 - y * 0.9
        }
      }
    }
  }

  /// The light at a point (0 … 1 across and down), interpolated between the four nearest pixels.
  @inline(__always)
  private func sample(_ x: Float, _ y: Float) -> Colour {
    let px = max(0, min(x * Float(picture.width) - 0.5, Float(picture.width) - 1.001))
    let py = max(0, min(y * Float(picture.height) - 0.5, Float(picture.height) - 1.001))
    let column = Int(px)
    let row = Int(py)
    let tx = px - Float(column)
    let ty = py - Float(row)
    return picture.bytes.withUnsafeBufferPointer { bytes in
      func light(_ column: Int, _ row: Int) -> Colour {
        let at = (row * picture.width + column) * 3
        return Colour(Float(bytes[at]), Float(bytes[at + 1]), Float(bytes[at + 2]), 0)
      }
      let top = light(column, row).mixed(light(column + 1, row), tx)
      let bottom = light(column, row + 1).mixed(light(column + 1, row + 1), tx)
      let value = top.mixed(bottom, ty) * Colour(repeating: 1 / 255)
      return value * value
    }
  }
}
