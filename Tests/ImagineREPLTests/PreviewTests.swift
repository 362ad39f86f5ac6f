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

  @Test("a preview stays within its cells and bytes, whatever the terminal's size")
  func bounds() throws {
    for (columns, rows) in [(1, 1), (2, 2), (10, 5), (80, 24), (500, 200)] {
      for style in [PreviewStyle.kitty, .iterm, .blocks(isTrueColor: true)] {
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
    #expect(facts.style(.blocks(isTrueColor: true)) == .blocks(isTrueColor: true))
    facts.note(.cellSize(width: 10, height: 22))
    facts.note(.graphics(isSupported: true))
    #expect(facts.isAwaited)
    facts.note(.attributes([62, 4]))
    #expect(!facts.isAwaited)
    #expect(facts.style(.blocks(isTrueColor: true)) == .kitty)
    #expect(facts.style(.none) == .none)
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
