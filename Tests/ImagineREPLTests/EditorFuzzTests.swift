import Foundation
import Testing

@testable import ImagineREPL

/// Random keys through decoder, editor and renderer to a screen, which must always show the view.
///
/// `IMAGINE_TEST_FUZZ_MINUTES` sets how long; without it a second.
@Suite("Random input")
struct EditorFuzzTests {
  private static let pieces: [String] = [
    "a", "local ", "x = 1", "f(", ")", "{", "}", "\"", "'", "[[", "]]", "--", "end", "do ", "if ",
    "then\r", "\r", "\n", "\t", "é", "e\u{301}", "漢", "👩‍👩‍👧", "🇩🇪", "\u{200d}", "\u{301}", "\u{ad}",
    "\u{7f}", "\u{1b}", "\u{1b}[A", "\u{1b}[B", "\u{1b}[C", "\u{1b}[D", "\u{1b}[1;5C",
    "\u{1b}[1;5D",
    "\u{1b}[H", "\u{1b}[F", "\u{1b}[3~", "\u{1b}b", "\u{1b}f", "\u{1b}d", "\u{1b}y", "\u{1b}/",
    "\u{1b}\r", "\u{1b}<", "\u{1b}>", "\u{1b}u", "\u{1b}c", "\u{1}", "\u{5}", "\u{b}", "\u{15}",
    "\u{17}", "\u{19}", "\u{1f}", "\u{14}", "\u{12}", "\u{13}", "\u{7}", "\u{4}", "\u{3}", "\u{10}",
    "\u{e}", "\u{1b}[?62;4c", "\u{1b}]11;rgb:0/0/0\u{7}", "\u{1b}[97;5u", "   ", "\u{ff}",
    "\u{1b}[200~a\nb\tc\u{1b}[201~", "\u{202e}", "\u{1100}\u{1161}\u{11a8}", "\u{fe0f}",
    "❤\u{fe0f}",
  ]

  @Test("any keys in any order: the screen shows the view")
  func anyKeys() {
    let variable = ProcessInfo.processInfo.environment["IMAGINE_TEST_FUZZ_MINUTES"]
    let time = variable.flatMap(Double.init).map { Duration.seconds($0 * 60) } ?? .seconds(1)
    let first = UInt64(ProcessInfo.processInfo.environment["IMAGINE_TEST_SEED"] ?? "") ?? 1
    let end = ContinuousClock.now + time
    var seed = first
    var keys = 0
    while ContinuousClock.now < end {
      let (problem, count) = Self.run(seed: seed, keys: 150)
      keys += count
      if let problem {
        Issue.record("seed \(seed): \(problem)")
        return
      }
      seed += 1
    }
    print("random input: seeds \(first) to \(seed - 1), \(keys) steps")
  }

  private static func run(seed: UInt64, keys: Int) -> (String?, Int) {
    var random = SeededGenerator(seed: seed)
    var stage = Stage(
      columns: Int.random(in: 8...40, using: &random), rows: Int.random(in: 3...12, using: &random),
      history: [
        "x = 1", "print('漢字', 2)\nprint(3)", "for i = 1, 3 do\n  f(i)\nend", "x = 123456789",
      ])
    var done: [String] = []
    for step in 0..<keys {
      switch Int.random(in: 0..<40, using: &random) {
      case 0:
        let (columns, rows) = (
          Int.random(in: 8...40, using: &random), Int.random(in: 3...12, using: &random)
        )
        done.append("resize \(columns) \(rows)")
        stage.resize(columns: columns, rows: rows)
      case 1, 2:
        let text = ["out\n", "partial", "a\nb\nc\n", "漢字\n"].randomElement(using: &random) ?? ""
        done.append("above \(text)")
        stage.above(text)
      case 3:
        let candidates =
          [["one", "only"], ["x"], [], (1...20).map { "name\($0)" }]
          .randomElement(using: &random) ?? []
        done.append("completions")
        stage.complete(candidates)
      case 4:
        let bytes = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = String(decoding: bytes, as: UTF8.self)
        done.append(text)
        stage.type(text)
      default:
        let text = pieces.randomElement(using: &random) ?? ""
        done.append(text)
        stage.type(text)
      }
      if let problem = stage.problem {
        return ("\(problem); after \(done.suffix(6).map(\.debugDescription))", step)
      }
    }
    return (nil, keys)
  }
}

extension Stage {
  /// Answers as if Tab had been pressed.
  mutating func complete(_ candidates: [String]) {
    let editor = typist.editor
    let start = editor.buffer.wordStart(editor.buffer.cursor)
    _ = typist.editor.show(
      Completions(
        number: editor.completionNumber, start: start, candidates: candidates.map { Candidate($0) })
    )
    draw()
  }
}
