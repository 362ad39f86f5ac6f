import Lua

/// Prints values as Lua that can be pasted back; what cannot is a comment.
///
/// Tables are walked without metamethods. `__tostring` is called: whoever prints limits the time.
/// Belongs to the Lua thread.
struct ValuePrinter {
  var columns = 80
  /// The most entries of a table, and the most bytes of a string, that are shown.
  var entryLimit = 100
  var stringLimit = 2000
  var depthLimit = 6
  /// Prints a value of the host in a line of facts; nil for any other.
  var describe: (LuaValue) -> String? = { _ in nil }

  let state: LuaState

  init(_ state: LuaState) {
    self.state = state
  }

  /// The text of an expression's values.
  func text(_ values: [LuaValue]) -> String {
    let texts = values.map { value in text(value) }
    let isShort = texts.allSatisfy { !$0.contains("\n") }
    return texts.joined(separator: isShort ? ", " : "\n")
  }

  func text(_ value: LuaValue) -> String {
    var ancestors: Set<UInt> = []
    return print(value, indentation: 0, &ancestors)
  }

  private func print(
    _ value: LuaValue, indentation: Int, _ ancestors: inout Set<UInt>
  ) -> String {
    switch value {
    case .nil: return "nil"
    case .boolean(let value): return "\(value)"
    case .integer(let value): return value == .min ? "math.mininteger" : "\(value)"
    case .number(let value): return Self.number(value)
    case .string(let value): return string(value.bytes)
    case .table(let table): return print(table, indentation: indentation, &ancestors)
    case .function(let function): return comment(description(function), indentation)
    case .userdata, .lightUserdata, .thread:
      return comment(describe(value) ?? displayText(value), indentation)
    }
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "0/0" }
    if value.isInfinite { return value < 0 ? "-math.huge" : "math.huge" }
    return value.description
  }

  // MARK: Strings and comments

  private func string(_ bytes: [UInt8]) -> String {
    let shown = bytes.prefix(stringLimit)
    var text = Self.quoted(shown)
    if shown.count < bytes.count { text += " --[[ \(bytes.count - shown.count) more bytes ]]" }
    return text
  }

  /// A string literal: UTF-8 as it is, everything that would act on the terminal escaped.
  static func quoted(_ bytes: some Collection<UInt8>) -> String {
    var result = "\""
    var iterator = bytes.makeIterator()
    var decoder = UTF8()
    // Bytes that are no UTF-8 are found by decoding piece by piece.
    var valid: [Unicode.Scalar] = []
    if String(validating: bytes, as: UTF8.self) != nil {
      loop: while true {
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar): valid.append(scalar)
        case .emptyInput, .error: break loop
        }
      }
    } else {
      for byte in bytes { result += escape(byte) }
      return result + "\""
    }
    for scalar in valid {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if !Printable.isHazard(scalar) {
          result.unicodeScalars.append(scalar)
        } else if scalar.value < 0x80 {
          result += escape(UInt8(scalar.value))
        } else {
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
      }
    }
    return result + "\""
  }

  /// A byte alone.
  private static func escape(_ byte: UInt8) -> String {
    if byte >= 0x20, byte < 0x7f, byte != 0x22, byte != 0x5c {
      return String(Character(Unicode.Scalar(byte)))
    }
    if byte == 0x22 { return "\\\"" }
    if byte == 0x5c { return "\\\\" }
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count == 1 ? "0" : "") + digits
  }

  private func comment(_ text: String, _ indentation: Int) -> String {
    // In a table it takes one row, as far as its key is short.
    let limit = indentation == 0 ? 300 : max(24, columns - indentation - "nil --[[  ]],".count)
    let shown = text.count > limit ? text.prefix(limit - 1) + "…" : text[...]
    var safe = ""
    for character in Printable.escaped(String(shown)) {
      if character == "]", safe.last == "]" { safe.append(" ") }
      safe.append(character)
    }
    // In a table something must stand there that Lua reads.
    return indentation == 0 ? "--[[ \(safe) ]]" : "nil --[[ \(safe) ]]"
  }

  private func displayText(_ value: LuaValue) -> String {
    (try? state.displayText(of: value)) ?? "\(value.type)"
  }

  private func description(_ function: LuaFunction) -> String {
    guard let definition = try? function.definition, definition.what != "C" else {
      return "function, built in"
    }
    let parameters = definition.parameters + (definition.isVariadic ? ["..."] : [])
    return "function(\(parameters.joined(separator: ", "))) \(definition.source):\(definition.line)"
  }

  // MARK: Tables

  private func print(
    _ table: LuaTable, indentation: Int, _ ancestors: inout Set<UInt>
  ) -> String {
    guard let identity = try? table.identity else { return "{}" }
    if ancestors.contains(identity) { return "nil --[[ cycle ]]" }
    if let metatable = try? table.metatable,
      let method = try? metatable.rawGet("__tostring"), method != .nil
    {
      return comment(displayText(.table(table)), indentation)
    }
    if indentation / 2 >= depthLimit { return "{} --[[ deeper ]]" }
    ancestors.insert(identity)
    defer { ancestors.remove(identity) }
    let (items, rest) = entries(of: table, indentation: indentation + 2, &ancestors)
    let parts = items + rest.map { ["--[[ \($0) ]]"] }.joined()
    if parts.isEmpty { return "{}" }
    let line = "{\(parts.joined(separator: ", "))}"
    if line.utf8.count + indentation <= columns - 2, !line.contains("\n") { return line }
    let blanks = String(repeating: " ", count: indentation)
    return "{\n"
      + parts.map { $0.hasPrefix("--[[") ? "\(blanks)  \($0)\n" : "\(blanks)  \($0),\n" }.joined()
      + "\(blanks)}"
  }

  /// The entries as text, the list first, and a remark about those that are not shown.
  private func entries(
    of table: LuaTable, indentation: Int, _ ancestors: inout Set<UInt>
  ) -> ([String], [String]) {
    var parts: [String] = []
    let length = (try? table.rawCount) ?? 0
    let shown = max(0, min(length, entryLimit))
    for index in 0..<shown {
      let value = (try? table.rawGet(.integer(Int64(index) + 1))) ?? .nil
      parts.append(print(value, indentation: indentation, &ancestors))
    }
    var remarks: [String] = []
    if length > shown { remarks.append("\(length - shown) more; :all shows all") }
    guard let (all, hasMore) = try? table.rawEntries(limit: shown + 10_000) else {
      return (parts, remarks)
    }
    let others = all.filter { entry in
      if case .integer(let key) = entry.key { return key < 1 || key > Int64(length) }
      return true
    }.sorted(by: Self.precedes)
    for (key, value) in others.prefix(entryLimit) {
      let text = print(value, indentation: indentation, &ancestors)
      parts.append("\(self.key(key, &ancestors)) = \(text)")
    }
    if others.count > entryLimit || (hasMore && length <= shown) {
      remarks.append(
        "\(max(0, others.count - entryLimit))\(hasMore ? "+" : "") more fields; :all shows all")
    }
    return (parts, remarks)
  }

  private func key(_ key: LuaValue, _ ancestors: inout Set<UInt>) -> String {
    if case .string(let name) = key, let text = name.validText, Self.isName(text) { return text }
    switch key {
    case .string, .integer, .number, .boolean:
      return "[\(print(key, indentation: 0, &ancestors))]"
    default: return "[\"\(key.type)\"] --[[ \(Printable.escaped(displayKey(key))) ]]"
    }
  }

  private func displayKey(_ key: LuaValue) -> String { "a \(key.type) as key" }

  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, LuaLexer.isNameStart(first) else { return false }
    return text.utf8.allSatisfy { LuaLexer.isNameStart($0) || LuaLexer.isDigit($0) }
      && !LuaLexer.keywords.contains(text) && !LuaLexer.constants.contains(text)
  }

  /// Numbers first, then strings, then the rest.
  static func precedes(
    _ left: (key: LuaValue, value: LuaValue), _ right: (key: LuaValue, value: LuaValue)
  ) -> Bool {
    let (left, right) = (left.key, right.key)
    return switch (left, right) {
    case (.string(let left), .string(let right)): left.bytes.lexicographicallyPrecedes(right.bytes)
    default:
      switch (number(left), number(right)) {
      case (let left?, let right?): left < right
      case (_?, nil): true
      case (nil, _?): false
      default: rank(left) < rank(right)
      }
    }
  }

  private static func number(_ value: LuaValue) -> Double? {
    switch value {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  private static func rank(_ value: LuaValue) -> Int {
    if case .string = value { 0 } else { 1 }
  }
}
