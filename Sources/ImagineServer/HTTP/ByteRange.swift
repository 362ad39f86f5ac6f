/// A parsed `Range` header. Several ranges are answered with the whole file.
enum ByteRange: Equatable {
  case whole
  case part(ClosedRange<Int>)
  case unsatisfiable

  /// - Parameter size: bytes of the file, at least 1.
  init(_ header: String?, size: Int) {
    guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
      self = .whole
      return
    }
    let ends = header.dropFirst("bytes=".count)
      .split(separator: "-", omittingEmptySubsequences: false).map(\.trimmed)
    guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
      self = .whole
      return
    }
    switch (Int(ends[0]), Int(ends[1])) {
    case (let first?, let last) where last.map({ $0 >= first }) ?? ends[1].isEmpty:
      self = first < size ? .part(first...min(last ?? .max, size - 1)) : .unsatisfiable
    case (nil, let count?) where ends[0].isEmpty:
      self = count > 0 ? .part(max(0, size - count)...size - 1) : .unsatisfiable
    default:
      self = .whole
    }
  }
}
