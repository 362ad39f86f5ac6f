import Foundation
import ImagineAPI
import Testing

@testable import ImagineREPL

@Suite("Pictures at a terminal", .enabled(if: ScreenTerminal.program != nil), .serialized)
struct PicturesAtTerminalTests {
  let home: String

  /// A home with two small images, a red and a blue one.
  init() throws {
    home = try ScreenTerminal.makeHome()
    for (name, color) in [("red", [255, 0, 0]), ("blue", [0, 0, 255])] as [(String, [UInt8])] {
      let size = PixelSize(width: 12, height: 8)
      let pixels = (0..<(size.width * size.height)).flatMap { _ in color }
      let canvas = Canvas(try #require(Thumbnail(size: size, pixels: pixels)))
      try Data(PNGFile.bytes(canvas)).write(to: URL(fileURLWithPath: "\(home)/\(name).png"))
    }
  }

  private func isBlocks(_ line: String, _ count: Int) -> Bool {
    line == String(repeating: "▀", count: count)
  }

  @Test("a terminal that answers no question shows half blocks, and loses no key")
  func silentTerminal() throws {
    let terminal = try ScreenTerminal(columns: 100, home: home)
    // Typed before the prompt, and while the questions are open.
    terminal.type("red = imagine.open('\(home)/red.png')\r")
    try terminal.expect(last: ">")
    try terminal.expect("the questions") { $0.questions.suffix(3) == ["16t", "1S", "c"] }
    terminal.type("red\r")
    try terminal.expect("half blocks") { screen in
      screen.lines.filter { isBlocks($0, 12) }.count == 4
    }
    try terminal.expect(row: "--[[ Image 12x8 png ]]")
    terminal.type("{ red, red, blue = red }\r")
    try terminal.expect("a sheet") { screen in
      screen.lines.contains { line in
        line.filter { $0 == "▀" }.count == 36 && line.contains("▀ ")
      }
    }
    terminal.type("#'next'\r")
    try terminal.expect(last: "> #'next'", "4", ">")
    terminal.type(Keys.control("d"))
    #expect(terminal.end() == 0)
  }

  @Test("a terminal that answers is sent its own graphics, also when its answers come in pieces")
  func kitty() throws {
    let terminal = try ScreenTerminal(columns: 100, home: home)
    try terminal.expect("the questions") { $0.questions.contains("c") }
    for piece in ["\u{1b}_Gi=31;", "OK\u{1b}", "\\\u{1b}[6;20;10t\u{1b}[?6", "2;4c"] {
      terminal.type(piece)
      usleep(2000)
    }
    terminal.type("imagine.open('\(home)/blue.png')\r")
    try terminal.expect("an image of kitty") { screen in
      screen.strings.contains { $0.hasPrefix("Ga=T,f=32,q=2,s=12,v=8,c=2,r=1,m=0;") }
    }
    try terminal.expect("the next prompt") { $0.lines.last { !$0.isEmpty } == ">" }
  }

  @Test("show prints facts on a pipe, and a preview too on a terminal")
  func show() throws {
    let path = "'\(home)/' .. name .. '.png'"
    let script = "for _, name in ipairs{'red', 'blue'} do imagine.open(\(path)):show() end"
    let terminal = try ScreenTerminal(
      ["-e", script], columns: 100, home: home, environment: ["IMAGINE_PREVIEW": "iterm"])
    #expect(terminal.end() == 0)
    #expect(terminal.shownLines.filter { $0 == "Image 12x8 png" }.count == 2)
    #expect(terminal.screen.strings.filter { $0.hasPrefix("1337;File=inline=1;") }.count == 2)
    let program = ScreenTerminal.program ?? ""
    let command = "\(program) -e \"imagine.open('\(home)/red.png'):show()\" | cat"
    let pipe = try ScreenTerminal(
      ["-c", command], columns: 100, home: home, program: "/bin/sh")
    #expect(pipe.end() == 0)
    #expect(pipe.shownLines == ["Image 12x8 png"])
    #expect(pipe.screen.strings.isEmpty)
  }

  @Test("a crash of the local server costs a preview, and the session goes on")
  func crash() throws {
    let terminal = try ScreenTerminal(columns: 100, home: home)
    try terminal.expect(last: ">")
    terminal.type("red = imagine.open('\(home)/red.png') small = red:convert{ width = 6 }\r")
    terminal.type("small.width\r")
    try terminal.expect(last: "6", ">")
    terminal.type(
      "os.execute('p=$(pgrep -P \(terminal.process) imagine-server) && kill -9 $p && "
        + #"while grep -q "[RSD] (" /proc/$p/status; do :; done; echo killed')"# + "\r")
    try terminal.expect(row: "killed")
    // The call that finds it dead may fail; the next one has a new server.
    terminal.type("pcall(red.convert, red, { width = 3 })\r")
    terminal.type("red:convert{ width = 3 }.width\r")
    try terminal.expect(last: "3", ">")
  }

  @Test("escape sequences of prompts, services and ids reach the terminal as text only")
  func hostileText() throws {
    let terminal = try ScreenTerminal(columns: 110, rows: 30, home: home)
    try terminal.expect(last: ">")
    terminal.type("imagine.generate{ prompt = 'x', style = 'an\\27[31mime\\27]0;evil\\7' }\r")
    try terminal.expect("the error, escaped") { screen in
      screen.lines.contains { $0.contains("an\\u{1B}[31mime\\u{1B}]0;evil\\u{7}") }
    }
    terminal.type("imagine.wait('\\27[2Jid', { timeout = 0.1 })\r")
    try terminal.expect("the next prompt") { screen in
      screen.lines.last { !$0.isEmpty } == ">"
        && screen.lines.contains { line in
          line.hasPrefix("error: field 'id'") && line.contains("\\u{1B}[2Jid")
        }
    }
    #expect(!terminal.screen.strings.contains { $0.contains("evil") })
    #expect(terminal.screen.faults.filter { $0 != "wrapped" } == [])
  }
}
