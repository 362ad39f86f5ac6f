/// A value of a table in `config.toml` or in a script.
public enum ConfigValue: Sendable, Hashable {
  case text(String)
  case number(Double)
  case flag(Bool)
  case list([ConfigValue])
  case table([String: ConfigValue])
  /// Any other type, by its name; never allowed, but the error can name it.
  case other(type: String)
}

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
  private let values: [String: ConfigValue]
  /// Where the table was written, for error messages.
  public let place: String

  public init(_ values: [String: ConfigValue] = [:], in place: String) {
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
    try value(key, "a string") { if case .text(let text) = $0 { text } else { nil } }
  }

  public func number(_ key: String) throws(ImagineError) -> Double? {
    try value(key, "a number") { if case .number(let number) = $0 { number } else { nil } }
  }

  public func texts(_ key: String) throws(ImagineError) -> [String]? {
    try value(key, "a list of strings") { setting -> [String]? in
      guard case .list(let list) = setting else { return nil }
      let texts = list.compactMap { if case .text(let text) = $0 { text } else { nil } }
      return texts.count == list.count ? texts : nil
    }
  }

  public func table(_ key: String) throws(ImagineError) -> ConfigTable? {
    try value(key, "a table") {
      if case .table(let table) = $0 { ConfigTable(table, in: "\(place).\(key)") } else { nil }
    }
  }

  /// The table of a key; nil if the value is no table.
  func tableIfPresent(_ key: String) -> ConfigTable? { try? table(key) }

  private func value<Value>(
    _ key: String, _ expected: String, _ read: (ConfigValue) -> Value?
  ) throws(ImagineError) -> Value? {
    guard let given = values[key] else { return nil }
    guard let value = read(given) else {
      throw .invalid(field: "\(place).\(key)", given: given.quoted, expected: expected)
    }
    return value
  }
}

extension ConfigValue {
  /// The value as the user wrote it.
  fileprivate var quoted: String {
    switch self {
    case .text(let text): "\"\(text)\""
    case .number(let number): String(number)
    case .flag(let flag): String(flag)
    case .list: "a list"
    case .table: "a table"
    case .other(let type): "a \(type)"
    }
  }
}
