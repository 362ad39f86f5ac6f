import ImagineAPI
import Lua

/// Writes a Lua value as JSON.
///
/// Foundation's writers are not used: they write the float 1.0 as `1`, which would be read as an
/// integer. Keys are sorted, so that the same value gives the same text in every run.
struct JSONWriter {
  let isPretty: Bool
  /// Whether an empty table was marked as a list.
  let isMarkedAsList: (LuaTable) throws -> Bool

  private var bytes: [UInt8] = []
  /// The writer's position: names and indices from the outermost value.
  private var path: [String] = []
  /// The tables around the current value, outermost first.
  private var tables: [LuaTable] = []

  /// Levels of nesting; more than any document needs.
  private static let maxDepth = 512

  init(isPretty: Bool, isMarkedAsList: @escaping (LuaTable) throws -> Bool) {
    self.isPretty = isPretty
    self.isMarkedAsList = isMarkedAsList
  }

  /// - Throws: ``ImagineError`` of kind `validation` that names the place of a value without a JSON
  ///   form.
  mutating func text(of value: LuaValue) throws -> [UInt8] {
    try write(value)
    return bytes
  }

  private mutating func write(_ value: LuaValue) throws {
    switch value {
    case .nil: write("null")
    case .boolean(let value): write(value ? "true" : "false")
    case .integer(let value): write(String(value))
    case .number(let value):
      guard value.isFinite else {
        throw fault("is \(value.isNaN ? "not a number" : "infinite"), which JSON cannot hold")
      }
      write(value.description)
    case .string(let value): try write(value)
    case .table(let table): try write(table)
    case .userdata(let reference):
      guard try reference.value(JSONNull.luaType) != nil else { throw cannotHold(value) }
      write("null")
    default: throw cannotHold(value)
    }
  }

  private mutating func write(_ table: LuaTable) throws {
    // Only a deep table is checked for a cycle; checking every table would be slow.
    if path.count > 32, tables.contains(table) {
      path.removeLast(path.count - 8)
      throw fault("is in a table that contains itself")
    }
    guard path.count < Self.maxDepth else {
      path.removeLast(Self.maxDepth - 8)
      throw fault("is nested deeper than \(Self.maxDepth) levels")
    }
    tables.append(table)
    defer { tables.removeLast() }
    let pairs = try table.pairs()
    if pairs.isEmpty {
      write(try isMarkedAsList(table) ? "[]" : "{}")
    } else if let list = try list(pairs) {
      try writeAll(list, "[", "]", name: { "[\($0 + 1)]" }, write: { try $0.write($1) })
    } else {
      let fields = try fields(pairs)
      try writeAll(fields, "{", "}", name: { ".\(fields[$0].key.text)" }) { writer, field in
        try writer.write(field.key)
        writer.write(writer.isPretty ? ": " : ":")
        try writer.write(field.value)
      }
    }
  }

  private mutating func writeAll<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, name: (Int) -> String,
    write: (inout JSONWriter, Element) throws -> Void
  ) throws {
    self.write(opening)
    for (index, element) in elements.enumerated() {
      if index > 0 { self.write(",") }
      path.append(name(index))
      startLine()
      try write(&self, element)
      path.removeLast()
    }
    startLine()
    self.write(closing)
  }

  private mutating func startLine() {
    guard isPretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * path.count))
  }

  /// The elements of a list; nil if the keys are names.
  private func list(_ pairs: [(key: LuaValue, value: LuaValue)]) throws -> [LuaValue]? {
    var list = [LuaValue](repeating: .nil, count: pairs.count)
    var isList = false
    for (key, value) in pairs {
      guard case .integer(let position) = key else { continue }
      isList = true
      guard 1...Int64(pairs.count) ~= position else {
        throw fault(
          "has the position \(position) but not all before it: a list cannot have holes"
            + " (json.null fills one), and an object's keys are strings")
      }
      list[Int(position) - 1] = value
    }
    guard isList else { return nil }
    // Fewer positions than pairs: some keys are names.
    guard !list.contains(.nil) else { throw fault("has both positions and names as keys") }
    return list
  }

  private func fields(
    _ pairs: [(key: LuaValue, value: LuaValue)]
  ) throws -> [(key: LuaString, value: LuaValue)] {
    try pairs.map { pair in
      guard case .string(let name) = pair.key else {
        throw fault("has a \(pair.key.type) as a key: an object's keys are strings")
      }
      return (name, pair.value)
    }
    .sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
  }

  private mutating func write(_ string: LuaString) throws {
    guard let text = string.validText else { throw fault("is a string that is not UTF-8") }
    bytes.append(UInt8(ascii: "\""))
    JSONEscape.append(text.utf8, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private func cannotHold(_ value: LuaValue) -> ImagineError {
    fault("is a \(value.type), which JSON cannot hold")
  }

  private func fault(_ message: String) -> ImagineError {
    let place = path.isEmpty ? "the value" : path.joined().trimmingDot
    return ImagineError(.validation, "json.encode: \(place) \(message)", field: place)
  }
}

extension String {
  /// The path without the dot of the outermost name.
  fileprivate var trimmingDot: String { hasPrefix(".") ? String(dropFirst()) : self }
}
