import Foundation
import ImagineCore
import Lua

/// A JSON text that was read, on its way into Lua.
///
/// Foundation reads it. What it takes for integers stays integers, and every other number is a
/// float, one with more than 64 bits too.
struct JSONDocument: LuaPushable {
  private let root: Any
  private let dropsNull: Bool
  private let null: LuaValue
  private let listMark: LuaTable

  /// - Parameters:
  ///   - dropsNull: whether a field that is `null` is left out.
  ///   - null: what stands for `null`.
  ///   - listMark: the metatable of what was an array.
  /// - Throws: ``ImagineError`` of kind `validation` that says where the text is wrong.
  init(_ text: [UInt8], dropsNull: Bool, null: LuaValue, listMark: LuaTable) throws(ImagineError) {
    do {
      root = try JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])
    } catch {
      throw Self.fault(error as NSError, in: text)
    }
    // Foundation's reader lets it pass where other readers do not.
    if let index = Self.commaBeforeEnd(in: text) {
      throw Self.fault("a comma with nothing after it", at: index, in: text)
    }
    self.dropsNull = dropsNull
    self.null = null
    self.listMark = listMark
  }

  func push(to state: LuaState) throws { try push(root, to: state) }

  private func push(_ value: Any, to state: LuaState) throws {
    switch value {
    case let text as String: try text.push(to: state)
    case let number as NSNumber: try push(number, to: state)
    case let list as [Any]:
      try list.map { Element(value: $0, document: self) }.push(to: state)
      try LuaTable.read(from: state, at: -1)?.setMetatable(listMark)
    case let fields as [String: Any]:
      let kept = dropsNull ? fields.filter { !($0.value is NSNull) } : fields
      try kept.mapValues { Element(value: $0, document: self) }.push(to: state)
    default: try null.push(to: state)
    }
  }

  private func push(_ number: NSNumber, to state: LuaState) throws {
    switch UInt8(bitPattern: number.objCType.pointee) {
    // The only numbers of this type that Foundation reads are true and false.
    case UInt8(ascii: "c"), UInt8(ascii: "B"): try number.boolValue.push(to: state)
    case UInt8(ascii: "d"), UInt8(ascii: "f"):
      guard number is NSDecimalNumber else { return try number.doubleValue.push(to: state) }
      // A decimal number is not rounded rightly to a double, but its text is exact. The least
      // integer is read as one too.
      let text = number.description
      if text == String(Int64.min) { return try Int64.min.push(to: state) }
      try (Double(text) ?? number.doubleValue).push(to: state)
    case UInt8(ascii: "Q"): try UInt(number.uint64Value).push(to: state)
    default: try number.int64Value.push(to: state)
    }
  }

  private struct Element: LuaPushable {
    let value: Any
    let document: JSONDocument

    func push(to state: LuaState) throws { try document.push(value, to: state) }
  }

  /// Where a comma stands before the end of an array or object; nil where none does.
  private static func commaBeforeEnd(in text: [UInt8]) -> Int? {
    var comma: Int?
    var isInString = false
    var isEscaped = false
    for (index, byte) in text.enumerated() {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: ","): comma = index
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if comma != nil { return comma }
      case 0x09, 0x0A, 0x0D, 0x20: break
      default:
        comma = nil
        isInString = byte == UInt8(ascii: "\"")
      }
    }
    return nil
  }

  /// Foundation's error, at the place that it tells.
  private static func fault(_ error: NSError, in text: [UInt8]) -> ImagineError {
    let description = error.userInfo["NSDebugDescription"] as? String ?? "not valid JSON"
    let parts = description.split(separator: " around character ", maxSplits: 1)
    let told = parts.dropFirst().first.flatMap { Int($0.prefix(while: \.isNumber)) }
    return fault(
      (parts.first ?? "").trimmingCharacters(in: ["."]),
      at: error.userInfo["NSJSONSerializationErrorIndex"] as? Int ?? told, in: text)
  }

  private static func fault(_ message: String, at index: Int?, in text: [UInt8]) -> ImagineError {
    guard let index else { return ImagineError(.validation, "json.decode: \(message)") }
    let before = text.prefix(index)
    let newline = UInt8(ascii: "\n")
    let line = before.count { $0 == newline } + 1
    let column = before.count - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
    return ImagineError(.validation, "json.decode: line \(line), column \(column): \(message)")
  }
}
