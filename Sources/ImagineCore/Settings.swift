/// A value of a table that a person wrote: in `config.toml`, or in a script.
public enum Setting: Sendable, Hashable {
  case text(String)
  case number(Double)
  case flag(Bool)
  case list([Setting])
  case table([String: Setting])
  /// Anything else, by the name of its type: never allowed, but worth a clear error.
  case other(type: String)
}

/// A table that a person wrote, of which every key is known.
///
/// For example:
///
/// ```swift
/// let settings = Settings(values, in: "config.toml: providers.studio")
/// try settings.allow(["kind", "base_url"])
/// let kind = try settings.text("kind")
/// ```
public struct Settings: Sendable, Hashable {
  private let values: [String: Setting]
  /// Where it was written, for messages.
  public let place: String

  public init(_ values: [String: Setting] = [:], in place: String) {
    self.values = values
    self.place = place
  }

  /// The keys that were written, in order.
  public var keys: [String] { values.keys.sorted() }

  /// - Throws: ``ImagineError`` of kind `validation` for a key that is not among those allowed; it
  ///   names the nearest.
  public func allow(_ allowed: [String]) throws(ImagineError) {
    for key in keys where !allowed.contains(key) {
      throw .unknown(field: key, of: place, allowed: allowed)
    }
  }

  /// Each of these throws an ``ImagineError`` of kind `validation` for a value of another type, and
  /// gives nil where there is none.
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

  public func table(_ key: String) throws(ImagineError) -> Settings? {
    try value(key, "a table") {
      if case .table(let table) = $0 { Settings(table, in: "\(place).\(key)") } else { nil }
    }
  }

  /// The table under a key; nil where something else is there.
  func tableIfPresent(_ key: String) -> Settings? { try? table(key) }

  private func value<Value>(
    _ key: String, _ expected: String, _ read: (Setting) -> Value?
  ) throws(ImagineError) -> Value? {
    guard let given = values[key] else { return nil }
    guard let value = read(given) else {
      throw .invalid(field: "\(place).\(key)", given: given.quoted, expected: expected)
    }
    return value
  }
}

extension Setting {
  /// The value as its writer would recognise it.
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
