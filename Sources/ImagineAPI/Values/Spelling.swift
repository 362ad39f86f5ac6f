/// Suggests a name for a misspelt one.
public enum Spelling {
  /// The candidate nearest to `word`; nil if none is near. About a third of the letters may be
  /// wrong, missing, extra or swapped with a neighbour, or the end may be missing.
  public static func nearest(to word: String, among candidates: [String]) -> String? {
    // Longer words are no names; comparing them takes quadratic time.
    guard word.utf8.count <= 200 else { return nil }
    let word = word.lowercased()
    let near = candidates.filter { name in
      distance(word, name.lowercased()) <= min(word.count, name.count) / 3 + 1
    }
    if let best = near.min(by: { distance(word, $0) < distance(word, $1) }) { return best }
    return candidates.first { word.count >= 3 && $0.lowercased().hasPrefix(word) }
  }

  /// The number of insertions, deletions, substitutions and swaps of neighbours between two words
  /// (optimal string alignment distance).
  static func distance(_ first: String, _ second: String) -> Int {
    let a = Array(first)
    let b = Array(second)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      row.reserveCapacity(b.count + 1)
      for j in 0..<b.count {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
