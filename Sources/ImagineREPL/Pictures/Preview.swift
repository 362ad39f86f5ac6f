public import ImagineAPI

/// Shows thumbnails on a terminal: one alone, several as a sheet.
public struct Preview: Sendable {
  public var style: PreviewStyle
  /// Pixels of a cell of the terminal.
  var cell: PixelSize
  /// The most cells that a preview takes.
  private let columns: Int
  private let rows: Int
  /// The most bytes that it may send; fewer over a slow line.
  private let byteLimit: Int

  /// The most images of a sheet.
  public static let sheetLimit = 20
  private static let maxColumns = 40
  private static let maxRows = 20

  /// - Parameters:
  ///   - columns: the terminal's columns.
  ///   - rows: the terminal's rows.
  ///   - isRemote: whether the terminal is reached over a network.
  public init(style: PreviewStyle, columns: Int, rows: Int, isRemote: Bool) {
    self.init(
      style: style, cell: PixelSize(width: 8, height: 16), columns: columns, rows: rows,
      isRemote: isRemote)
  }

  init(style: PreviewStyle, cell: PixelSize, columns: Int, rows: Int, isRemote: Bool) {
    self.style = style
    self.cell = if case .blocks = style { PixelSize(width: 1, height: 2) } else { cell }
    self.columns = max(1, columns - 1)
    self.rows = max(1, rows - 2)
    byteLimit = isRemote ? 64 << 10 : 512 << 10
  }

  // MARK: Sizes

  /// The pixels that each of `count` thumbnails may have.
  public func box(for count: Int) -> PixelSize {
    let grid = grid(of: count)
    let cells = PixelSize(
      width: grid.columns * grid.tile.width, height: grid.rows * grid.tile.height)
    let area = Double(cells.width * cell.width * cells.height * cell.height)
    let scale = min(1, (Double(byteLimit) / (area * bytesPerPixel)).squareRoot())
    func side(_ cells: Int, _ pixels: Int) -> Int {
      min(max(1, Int(Double(cells * pixels) * scale)), Thumbnail.maxSide)
    }
    return PixelSize(
      width: side(grid.tile.width - grid.gap, cell.width),
      height: side(grid.tile.height - grid.gap, cell.height))
  }

  /// About the most bytes that a pixel takes.
  private var bytesPerPixel: Double {
    switch style {
    // Four bytes a pixel, and Base64 makes four of three.
    case .kitty, .iterm: 16 / 3
    case .sixel: 3
    case .blocks, .none: 0
    }
  }

  /// Rows and columns of tiles, and the cells of a tile with the gap to the next.
  private func grid(of count: Int) -> (columns: Int, rows: Int, tile: PixelSize, gap: Int) {
    let (width, height) = (min(columns, Self.maxColumns), min(rows, Self.maxRows))
    guard count > 1 else { return (1, 1, PixelSize(width: width, height: height), 0) }
    // A sheet may use the whole width.
    let tile = PixelSize(width: max(2, min(21, columns)), height: max(2, min(11, rows)))
    let across = max(1, min(count, min(columns, 100) / tile.width))
    return (across, (count + across - 1) / across, tile, 1)
  }

  // MARK: Drawing

  /// The bytes that show thumbnails where the cursor is, at the start of a row; the cursor is at the
  /// start of a row then.
  public func bytes(_ thumbnails: [Thumbnail]) -> [UInt8] {
    guard !thumbnails.isEmpty else { return [] }
    let shown = thumbnails.prefix(Self.sheetLimit)
    let grid = grid(of: shown.count)
    let box = box(for: shown.count)
    if shown.count == 1, let only = shown.first { return bytes(Canvas(only), box, grid.tile) }
    var result: [UInt8] = []
    // A row of tiles is one picture, so that a long sheet can scroll.
    for start in stride(from: 0, to: shown.count, by: grid.columns) {
      let tiles = shown[start..<min(start + grid.columns, shown.count)]
      let gap = PixelSize(
        width: max(1, box.width * grid.gap / (grid.tile.width - grid.gap)),
        height: max(1, box.height * grid.gap / (grid.tile.height - grid.gap)))
      let canvas = Canvas(tiles, box: box, gap: gap)
      let cells = PixelSize(width: tiles.count * grid.tile.width, height: grid.tile.height)
      result += bytes(canvas, canvas.size, cells)
    }
    return result
  }

  /// - Parameters:
  ///   - box: the pixels that fill `cells`.
  private func bytes(_ canvas: Canvas, _ box: PixelSize, _ cells: PixelSize) -> [UInt8] {
    // An image smaller than its box takes fewer cells.
    func count(_ pixels: Int, _ all: Int, _ cells: Int) -> Int {
      min(cells, max(1, (pixels * cells + all - 1) / max(1, all)))
    }
    let taken = PixelSize(
      width: count(canvas.size.width, box.width, cells.width),
      height: count(canvas.size.height, box.height, cells.height))
    return switch style {
    case .kitty: Self.kitty(canvas, taken)
    case .iterm: Self.iterm(canvas, taken)
    case .sixel(let colors): Sixel.bytes(canvas, colors: colors)
    case .blocks(let isTrueColor): Self.blocks(canvas, isTrueColor: isTrueColor)
    case .none: []
    }
  }

  private static func kitty(_ canvas: Canvas, _ cells: PixelSize) -> [UInt8] {
    // A chunk has at most 4096 bytes; only the first tells what it is. `q=2`: no answers.
    var result: [UInt8] = []
    var rest = Base64.encoded(canvas.bytes)[...]
    var keys =
      "a=T,f=32,q=2,s=\(canvas.size.width),v=\(canvas.size.height)"
      + ",c=\(cells.width),r=\(cells.height),"
    repeat {
      let chunk = rest.prefix(4096)
      rest = rest.dropFirst(chunk.count)
      result += Array("\u{1b}_G\(keys)m=\(rest.isEmpty ? 0 : 1);".utf8)
      result += chunk
      result += Array("\u{1b}\\".utf8)
      keys = ""
    } while !rest.isEmpty
    return result + Array("\n".utf8)
  }

  private static func iterm(_ canvas: Canvas, _ cells: PixelSize) -> [UInt8] {
    let file = PNGFile.bytes(canvas)
    let head = "\u{1b}]1337;File=inline=1;size=\(file.count);width=\(cells.width)"
    return Array("\(head);height=\(cells.height);preserveAspectRatio=1:".utf8)
      + Base64.encoded(file) + Array("\u{7}\n".utf8)
  }

  private static func blocks(_ canvas: Canvas, isTrueColor: Bool) -> [UInt8] {
    var text = ""
    for row in stride(from: 0, to: canvas.size.height, by: 2) {
      var colors = ""
      for column in 0..<canvas.size.width {
        let upper = canvas.color(column, row)
        let lower = canvas.color(column, row + 1)
        // The half that is drawn has the text's colour, the other the background's.
        let (symbol, front, back) =
          if let upper { ("▀", Optional(upper), lower) } else if let lower {
            ("▄", Optional(lower), nil as Canvas.Color?)
          } else { (" ", nil, nil) }
        let new =
          (front.map { "\u{1b}[38;\($0.code(isTrueColor))m" } ?? "")
          + (back.map { "\u{1b}[48;\($0.code(isTrueColor))m" } ?? "\u{1b}[49m")
        if new != colors { text += new }
        colors = new
        text += symbol
      }
      text += "\u{1b}[m\n"
    }
    return Array(text.utf8)
  }
}
