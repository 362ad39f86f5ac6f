extension PatchLevel {
  /// Replaces the hole's marks (255) by their distance from the rim; returns the largest.
  static func measure(_ depth: inout [UInt8], stride: Int) -> Int {
    var ring: [Int] = []
    var level: UInt8 = 1
    let steps = [-1, 1, -stride, stride]
    for at in depth.indices where depth[at] == 255 {
      for step in steps where depth.indices.contains(at + step) && depth[at + step] == 0 {
        ring.append(at)
        break
      }
    }
    for at in ring { depth[at] = level }
    while !ring.isEmpty {
      var next: [Int] = []
      if level < 254 {
        for at in ring {
          for step in steps where depth.indices.contains(at + step) && depth[at + step] == 255 {
            depth[at + step] = level + 1
            next.append(at + step)
          }
        }
      }
      ring = next
      level += 1
    }
    return Int(level) - 1
  }

  /// True for pixels whose surrounding square touches the hole.
  static func spread(_ depth: [UInt8], stride: Int) -> [Bool] {
    var across = [Bool](repeating: false, count: depth.count)
    for at in depth.indices where depth[at] != 0 {
      for x in max(0, at - reach)...min(depth.count - 1, at + reach) { across[x] = true }
    }
    var result = across
    for at in across.indices where across[at] {
      for step in -reach...reach {
        let to = at + step * stride
        if to >= 0, to < result.count { result[to] = true }
      }
    }
    return result
  }
}
