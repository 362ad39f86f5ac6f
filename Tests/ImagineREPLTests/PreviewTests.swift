import Foundation
import ImagineAPI
import Testing

@testable import ImagineREPL

@Suite("Previews")
struct PreviewTests {
  /// A thumbnail whose pixels differ from each other.
  private func thumbnail(_ width: Int, _ height: Int) throws -> Thumbnail {
    let pixels = (0..<(3 * width * height)).map { UInt8(truncatingIfNeeded: $0 * 37) }
    return try #require(
      Thumbnail(size: PixelSize(width: width, height: height), pixels: pixels))
  }

  private func preview(
    _ style: PreviewStyle, columns: Int = 80, rows: Int = 24, isRemote: Bool = false
  ) -> Preview {
    Preview(style: style, columns: columns, rows: rows, isRemote: isRemote)
  }

  @Test(
    "the environment tells what a terminal can show",
    arguments: [
      (["TERM": "xterm-kitty"], .kitty),
      (["TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"], .kitty),
      (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"], .iterm),
      (["TERM": "xterm-256color"], .blocks(isTrueColor: false)),
      (["TERM": "xterm-256color", "COLORTERM": "truecolor"], .blocks(isTrueColor: true)),
      (["TERM": "xterm", "XTERM_VERSION": "XTerm(379)"], .blocks(isTrueColor: true)),
      (
        ["TERM": "screen", "STY": "1.pts", "XTERM_VERSION": "XTerm(379)"],
        .blocks(isTrueColor: false)
      ),
      (["TERM": "xterm", "XTERM_VERSION": "XTerm(330)"], .blocks(isTrueColor: false)),
      (
        ["TERM": "xterm", "XTERM_VERSION": "XTerm(99999999999999999999)"],
        .blocks(isTrueColor: false)
      ),
      (["TERM": "screen", "TMUX": "x", "KITTY_WINDOW_ID": "1"], .blocks(isTrueColor: false)),
      (["TERM": "dumb"], .none), (["TERM": "linux"], .none),
      (["TERM": "xterm-kitty", "NO_COLOR": "1"], .none),
      (["TERM": "xterm", "IMAGINE_PREVIEW": "kitty"], .kitty),
      (["TERM": "xterm-kitty", "IMAGINE_PREVIEW": "none"], .none),
      (["TERM": "xterm-kitty", "IMAGINE_PREVIEW": "sixel"], .sixel(colors: 256)),
    ] as [([String: String], PreviewStyle)])
  func environment(variables: [String: String], style: PreviewStyle) {
    #expect(PreviewStyle(environment: variables) == style)
  }

  @Test("half blocks show two pixels a cell, in the colours of the image")
  func blocks() throws {
    let image = try #require(
      Thumbnail(
        size: PixelSize(width: 2, height: 3),
        pixels: [255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 0, 9, 9, 9, 8, 8, 8]))
    let text = String(
      decoding: preview(.blocks(isTrueColor: true)).bytes([image]), as: UTF8.self)
    let first = "\u{1b}[38;2;255;0;0m\u{1b}[48;2;0;0;255m▀\u{1b}[38;2;255;0;0m\u{1b}[48;2;0;255;0m▀"
    let last = "\u{1b}[38;2;9;9;9m\u{1b}[49m▀\u{1b}[38;2;8;8;8m\u{1b}[49m▀"
    #expect(text == "\(first)\u{1b}[m\n\(last)\u{1b}[m\n")
    let palette = String(
      decoding: preview(.blocks(isTrueColor: false)).bytes([image]), as: UTF8.self)
    #expect(palette.hasPrefix("\u{1b}[38;5;196m\u{1b}[48;5;21m▀"))
  }

  @Test("kitty gets every pixel, in chunks of at most 4096 bytes")
  func kitty() throws {
    let image = try thumbnail(60, 40)
    let text = String(decoding: preview(.kitty).bytes([image]), as: UTF8.self)
    let chunks = text.split(separator: "\u{1b}_G").map { $0.prefix { $0 != "\u{1b}" } }
    #expect(chunks.first?.hasPrefix("a=T,f=32,q=2,s=60,v=40,c=8,r=3,m=1;") == true)
    #expect(chunks.last?.hasPrefix("m=0;") == true)
    let payloads = chunks.map { $0.drop { $0 != ";" }.dropFirst() }
    #expect(payloads.allSatisfy { $0.utf8.count <= 4096 })
    let pixels = [UInt8](try #require(Data(base64Encoded: payloads.joined())))
    let opaque = pixels.indices.filter { $0 % 4 != 3 }.map { pixels[$0] }
    #expect(opaque == image.pixels)
  }

  @Test("iTerm2 gets a PNG with every pixel")
  func iterm() throws {
    let image = try thumbnail(150, 130)
    let text = String(decoding: preview(.iterm).bytes([image]), as: UTF8.self)
    #expect(text.hasPrefix("\u{1b}]1337;File=inline=1;size="))
    let payload = text.drop { $0 != ":" }.dropFirst().prefix { $0 != "\u{7}" }
    let file = [UInt8](try #require(Data(base64Encoded: String(payload))))
    #expect(file.starts(with: [0x89, 0x50, 0x4e, 0x47]))
    // Signature, IHDR, then IDAT: its zlib stream has stored blocks of five bytes of head each.
    let content = file[(8 + 25 + 8)...].dropFirst(2)
    var raw: [UInt8] = []
    var rest = content
    while true {
      let isLast = rest[rest.startIndex] == 1
      let count = Int(rest[rest.startIndex + 1]) | Int(rest[rest.startIndex + 2]) << 8
      raw += rest.dropFirst(5).prefix(count)
      rest = rest.dropFirst(5 + count)
      if isLast { break }
    }
    let row = 1 + 4 * 150
    #expect(raw.count == row * 130)
    let pixels = raw.indices.filter { $0 % row != 0 && ($0 % row - 1) % 4 != 3 }.map { raw[$0] }
    #expect(pixels == image.pixels)
  }

  @Test(
    "sixels show the image in the terminal's number of colours",
    arguments: [(2, 60.0), (16, 22.0), (256, 8.0)])
  func sixel(colors: Int, error: Double) throws {
    let (width, height) = (50, 33)
    // A ramp in each direction, and a corner of one colour.
    let pixels = (0..<(width * height)).flatMap { index -> [UInt8] in
      let (column, row) = (index % width, index / width)
      return column < 10 && row < 10
        ? [255, 255, 255] : [UInt8(column * 5), UInt8(row * 7), UInt8(255 - column * 5)]
    }
    let image = try #require(
      Thumbnail(size: PixelSize(width: width, height: height), pixels: pixels))
    let shown = try #require(SixelReader(preview(.sixel(colors: colors)).bytes([image])))
    #expect(shown.size == image.size)
    #expect(shown.palette.count <= colors)
    // Errors are diffused, so that the mean of some pixels is right.
    var sum = 0.0
    for top in stride(from: 0, to: height - 3, by: 3) {
      for left in stride(from: 0, to: width - 5, by: 5) {
        for channel in 0..<3 {
          func mean(_ bytes: [UInt8]) -> Double {
            var sum = 0
            for row in top..<(top + 3) {
              for column in left..<(left + 5) {
                sum += Int(bytes[3 * (row * width + column) + channel])
              }
            }
            return Double(sum) / 15
          }
          sum += abs(mean(shown.pixels) - mean(pixels))
        }
      }
    }
    #expect(sum / 270 < error, "\(sum / 270)")
    let white = (0..<100).flatMap { index in
      (0..<3).map { shown.pixels[3 * (index / 10 * width + index % 10) + $0] }
    }
    if colors > 2 { #expect(white.allSatisfy { $0 > 240 }) }
  }

  @Test("the gaps of a sheet of sixels are not drawn")
  func sixelGaps() throws {
    let image = try #require(
      Thumbnail(
        size: PixelSize(width: 20, height: 20), pixels: [UInt8](repeating: 200, count: 1200)))
    let shown = try #require(SixelReader(preview(.sixel(colors: 16)).bytes([image, image])))
    #expect(shown.drawn == 800)
    #expect(shown.palette.count == 1)
  }

  @Test("a preview stays within its cells and bytes, whatever the terminal's size")
  func bounds() throws {
    for (columns, rows) in [(1, 1), (2, 2), (10, 5), (80, 24), (500, 200)] {
      for style in [
        PreviewStyle.kitty, .iterm, .sixel(colors: 16), .blocks(isTrueColor: true),
      ] {
        for count in [1, 2, 7, 20, 30] {
          for isRemote in [false, true] {
            let preview = preview(style, columns: columns, rows: rows, isRemote: isRemote)
            let box = preview.box(for: min(count, Preview.sheetLimit))
            let image = try thumbnail(box.width, box.height)
            let bytes = preview.bytes(Array(repeating: image, count: count))
            let limit = (isRemote ? 64 : 512) << 10
            if case .blocks = style {} else if columns > 2 { #expect(bytes.count < limit * 5 / 4) }
            let lines = bytes.split(separator: 10)
            guard case .blocks = style else { continue }
            let widest = lines.map { line in
              String(decoding: line, as: UTF8.self).filter { "▀▄ ".contains($0) }.count
            }.max()
            #expect((widest ?? 0) <= max(2, columns), "\(columns)x\(rows), \(count)")
          }
        }
      }
    }
  }

  @Test("what the terminal answers decides, and DA1 ends the questions")
  func answers() {
    var facts = TerminalFacts()
    facts.ask()
    let blocks = PreviewStyle.blocks(isTrueColor: true)
    #expect(facts.style(blocks, isChosen: false) == blocks)
    facts.note(.cellSize(width: 10, height: 22))
    facts.note(.sixelColors(16))
    #expect(facts.isAwaited)
    facts.note(.attributes([62, 4]))
    #expect(!facts.isAwaited)
    #expect(facts.style(blocks, isChosen: false) == .sixel(colors: 16))
    #expect(facts.style(.sixel(colors: 256), isChosen: true) == .sixel(colors: 16))
    facts.note(.graphics(isSupported: true))
    #expect(facts.style(blocks, isChosen: false) == .kitty)
    #expect(facts.style(blocks, isChosen: true) == blocks)
    #expect(facts.style(.none, isChosen: false) == .none)
    #expect(facts.cell == PixelSize(width: 10, height: 22))
  }

  @Test("a thumbnail's file reads back, and nothing else does")
  func file() throws {
    let image = try thumbnail(5, 3)
    #expect(Thumbnail(portablePixmap: image.portablePixmap) == image)
    for text in ["", "P6\n", "P6\n1 1\n255\n", "P6\n-1 -1\n255\nabc", "P5\n1 1\n255\nabc"] {
      #expect(Thumbnail(portablePixmap: Array(text.utf8)) == nil)
    }
    #expect(Thumbnail(portablePixmap: image.portablePixmap + [0]) == nil)
    let wide = PixelSize(width: 4000, height: 1)
    let box = PixelSize(width: 40, height: 40)
    #expect(Thumbnail.size(of: wide, within: box) == PixelSize(width: 40, height: 1))
  }
}

/// Reads sixel graphics as a terminal does.
private struct SixelReader {
  private(set) var size = PixelSize(width: 0, height: 0)
  private(set) var palette: [Int: [UInt8]] = [:]
  private(set) var pixels: [UInt8] = []
  /// How many pixels were drawn.
  private(set) var drawn = 0

  /// Nil if the bytes are no whole image.
  init?(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("\u{1b}P0;1;0q\"1;1;"), text.hasSuffix("\u{1b}\\\n") else { return nil }
    var rest = text.dropFirst("\u{1b}P0;1;0q\"1;1;".count).dropLast(3)
    func number() -> Int {
      let digits = rest.prefix { $0.isNumber }
      rest = rest.dropFirst(digits.count)
      return Int(digits) ?? 0
    }
    let width = number()
    rest = rest.dropFirst()
    size = PixelSize(width: width, height: number())
    pixels = [UInt8](repeating: 0, count: 3 * size.width * size.height)
    var (color, column, top) = (0, 0, 0)
    while let next = rest.popFirst() {
      switch next {
      case "#":
        color = number()
        guard rest.hasPrefix(";2;") else { continue }
        rest = rest.dropFirst(3)
        palette[color] = (0..<3).map { index in
          let value = number()
          if index < 2 { rest = rest.dropFirst() }
          return UInt8(value * 255 / 100)
        }
      case "$": column = 0
      case "-": (column, top) = (0, top + 6)
      default:
        var (count, symbol) = (1, next)
        if next == "!" {
          count = number()
          symbol = rest.removeFirst()
        }
        guard let value = symbol.asciiValue, (63...126).contains(value), let shade = palette[color]
        else { return nil }
        for place in column..<(column + count) {
          for bit in 0..<6 where (value - 63) & 1 << bit != 0 {
            guard place < size.width, top + bit < size.height else { return nil }
            let start = 3 * ((top + bit) * size.width + place)
            pixels.replaceSubrange(start..<(start + 3), with: shade)
            drawn += 1
          }
        }
        column += count
      }
    }
  }
}
