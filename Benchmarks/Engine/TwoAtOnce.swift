import Dispatch
import ImagineAPI

/// Two jobs at once against the same two in turn: sharing the cores must not cost more than it
/// gives.
enum TwoAtOnce {
  static func rows() throws -> [Row] {
    [try row("a forest", .imagineTurbo), try row("a meadow in spring", .realistic)]
  }

  private static func row(_ prompt: String, _ style: ImageStyle) throws -> Row {
    let both = try Measurement.inTurn(
      rounds: 7,
      [
        {
          DispatchQueue.concurrentPerform(iterations: 2) { _ in
            try? Paintings.paint(prompt, style)
          }
        },
        { for _ in 0..<2 { try Paintings.paint(prompt, style) } },
      ])
    return Row(
      name: "two images at once, \(style.rawValue): \(prompt)", ours: both[0],
      peer: ("in turn", both[1]), target: "≤ 1×")
  }
}
