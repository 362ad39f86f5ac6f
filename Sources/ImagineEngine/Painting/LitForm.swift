/// The light on a part of a subject, computed on the grid of its relief.
///
/// Light changes slowly over a form, so a pixel interpolates between four grid points. Steps of
/// light (cel style) are computed per pixel, because their edges must be sharp.
struct LitForm: Sendable {
  /// The cel style's colours: one for each step of light, and one for highlights.
  fileprivate struct Steps: Sendable {
    let dark: Colour
    let middle: Colour
    let light: Colour
    let shine: Colour
  }

  // For each grid point: the colour; or with steps, how far it faces the light and how strongly it
  // reflects it. The fourth component is how straight it faces the viewer.
  private let cells: [Colour]
  private let grid: Relief.Grid?
  private let steps: Steps?

  init(_ surface: Surface, _ relief: Relief?, _ sceneLight: SceneLight, _ air: Air) {
    let isStepped = sceneLight.shading == .cel && surface.glow <= 0
    func cell(_ normal: SIMD3<Float>) -> Colour {
      var value: Colour
      if isStepped {
        value = Colour(
          sceneLight.facing(normal), surface.shine > 0.2 ? sceneLight.highlight(normal) : 0, 0, 0)
      } else if surface.glow > 0 {
        value =
          surface.colour * Colour(repeating: surface.glow)
          + sceneLight.light(surface.colour, normal, shine: 0) * Colour(repeating: 0.3)
      } else {
        // Metal reflects a bright sky over a dark ground.
        let mirror: Float =
          surface.texture == .brushed && sceneLight.texture > 0
          ? Elementary.smooth(-0.2, 0.35, normal.y) * 0.5 + 0.65 : 1
        value = air.over(
          sceneLight.light(surface.colour.lit(mirror), normal, shine: surface.shine))
      }
      value.w = normal.z * normal.z
      return value
    }
    if let relief {
      cells = relief.normals { cell($0) }
      grid = relief.grid
    } else {
      cells = [cell(SIMD3(0, 0.12, 0.99))]
      grid = nil
    }
    steps =
      isStepped
      ? Steps(
        dark: air.over(sceneLight.celLight(surface.colour, facing: -1)),
        middle: air.over(sceneLight.celLight(surface.colour, facing: 0.2)),
        light: air.over(sceneLight.celLight(surface.colour, facing: 1)),
        shine: sceneLight.sun * Colour(repeating: 0.35 * surface.shine)) : nil
  }

  /// The single colour of a flat form; nil when it has a relief or steps of light.
  var plain: Colour? { grid == nil && steps == nil ? cells.first : nil }

  /// Calls `body` with a row of the form.
  @inline(__always)
  func withRow(_ row: Int, _ body: (Row) -> Void) {
    cells.withUnsafeBufferPointer { cells in
      guard let base = cells.baseAddress else { return }
      guard let grid else {
        return body(
          Row(upper: base, lower: base, across: 0, last: 0, origin: 0, down: 0, steps: steps))
      }
      let y = min(
        max((Float(row) + 0.5 - grid.origin.y) * grid.scale - 0.5, 0), Float(grid.rows) - 1.001)
      let upper = base + Int(y) * grid.columns
      body(
        Row(
          upper: upper, lower: upper + grid.columns, across: grid.scale,
          last: Float(grid.columns) - 1.001,
          origin: grid.origin.x, down: y - Elementary.floor(y), steps: steps))
    }
  }

  /// One row of pixels.
  struct Row {
    fileprivate let upper: UnsafePointer<Colour>
    fileprivate let lower: UnsafePointer<Colour>
    fileprivate let across: Float
    fileprivate let last: Float
    fileprivate let origin: Float
    fileprivate let down: Float
    fileprivate let steps: Steps?

    @inline(__always)
    private func cell(_ x: Float) -> Colour {
      if last <= 0 { return upper[0] }
      let px = min(max((x - origin) * across - 0.5, 0), last)
      let column = Int(px)
      let t = px - Float(column)
      return upper[column].mixed(upper[column + 1], t).mixed(
        lower[column].mixed(lower[column + 1], t), down)
    }

    @inline(__always)
    func colour(_ x: Float) -> Colour {
      let value = cell(x)
      guard let steps else { return value }
      var colour =
        value.x > SceneLight.celLight
        ? steps.light : (value.x > SceneLight.celShade ? steps.middle : steps.dark)
      if value.y > 0.35 { colour += steps.shine }
      return colour
    }

    /// How straight the surface faces the viewer, 0 … 1.
    @inline(__always)
    func straightness(_ x: Float) -> Float { cell(x).w }
  }
}
