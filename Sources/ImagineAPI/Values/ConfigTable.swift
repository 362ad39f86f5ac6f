/// A table of `config.toml` or of a script, with checked keys.
///
/// For example:
///
/// ```swift
/// let settings = ConfigTable(values, in: "config.toml: providers.studio")
/// try settings.allow(["kind", "base_url"])
/// let kind = try settings.text("kind")
/// ```
public struct ConfigTable: Sendable, Hashable {
  private let values: [String: Value]
  /// Where the table was written, for error messages.
  public let place: String

  public init(_ values: [String: Value] = [:], in place: String) {
    self.values = values
    self.place = place
  }

  /// The keys, sorted.
  public var keys: [String] { values.keys.sorted() }

  /// - Throws: ``ImagineError`` of kind `validation` for a key that is not allowed; it names the
  ///   nearest allowed key.
  public func allow(_ allowed: [String]) throws(ImagineError) {
    for key in keys where !allowed.contains(key) {
      throw .unknown(field: key, of: place, allowed: allowed)
    }
  }

  /// The value of a key; nil if the key is missing. This and the functions below throw an
  /// ``ImagineError`` of kind `validation` for a value of another type.
  public func text(_ key: String) throws(ImagineError) -> String? {
    try value(key, "a string", \.text)
  }

  public func flag(_ key: String) throws(ImagineError) -> Bool? {
    try value(key, "true or false", \.flag)
  }

  public func number(_ key: String) throws(ImagineError) -> Double? {
    try value(key, "a number", \.double)
  }

  public func integer(_ key: String, in range: ClosedRange<Int>) throws(ImagineError) -> Int? {
    guard let number = try number(key) else { return nil }
    guard let integer = Int(exactly: number), range.contains(integer) else {
      throw .invalid(
        field: "\(place).\(key)", given: Value.number(number).description,
        expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  public func texts(_ key: String) throws(ImagineError) -> [String]? {
    try value(key, "a list of strings") { setting -> [String]? in
      guard case .list(let list) = setting else { return nil }
      let texts = list.compactMap(\.text)
      return texts.count == list.count ? texts : nil
    }
  }

  public func table(_ key: String) throws(ImagineError) -> ConfigTable? {
    try value(key, "a table") { $0 == .list([]) ? [:] : $0.table }.map {
      ConfigTable($0, in: "\(place).\(key)")
    }
  }

  /// The tables of a list of tables, which TOML writes `[[key]]`; empty if the key is missing.
  public func tables(_ key: String) throws(ImagineError) -> [ConfigTable] {
    let tables = try value(key, "a list of tables") { setting -> [[String: Value]]? in
      guard case .list(let list) = setting else { return nil }
      let tables = list.compactMap(\.table)
      return tables.count == list.count ? tables : nil
    }
    return (tables ?? []).enumerated().map {
      ConfigTable($0.element, in: "\(place).\(key)[\($0.offset + 1)]")
    }
  }

  /// The table without some keys, such as those that somebody else reads.
  public func without(_ keys: [String]) -> ConfigTable {
    ConfigTable(values.filter { !keys.contains($0.key) }, in: place)
  }

  /// The table with a text in place of the value of a key.
  public func with(_ key: String, _ text: String) -> ConfigTable {
    ConfigTable(values.merging([key: .text(text)]) { $1 }, in: place)
  }

  /// The table of a key; nil if the value is no table.
  func tableIfPresent(_ key: String) -> ConfigTable? { try? table(key) }

  private func value<Result>(
    _ key: String, _ expected: String, _ read: (Value) -> Result?
  ) throws(ImagineError) -> Result? {
    guard let given = values[key] else { return nil }
    guard let value = read(given) else {
      throw .invalid(field: "\(place).\(key)", given: given.quoted, expected: expected)
    }
    return value
  }
}
