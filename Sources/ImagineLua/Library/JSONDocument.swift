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
      throw ImagineError(.validation, "json.decode: \(Self.fault(error as NSError, in: text))")
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
      // Its decimal numbers are not rounded rightly to a double, but their text is exact.
      let isDecimal = number is NSDecimalNumber
      try (isDecimal ? Double(number.description) ?? number.doubleValue : number.doubleValue)
        .push(to: state)
    case UInt8(ascii: "Q"): try UInt(number.uint64Value).push(to: state)
    default: try number.int64Value.push(to: state)
    }
  }

  private struct Element: LuaPushable {
    let value: Any
    let document: JSONDocument

    func push(to state: LuaState) throws { try document.push(value, to: state) }
  }

  /// What is wrong, and the line and column where Foundation tells a place.
  private static func fault(_ error: NSError, in text: [UInt8]) -> String {
    let description = error.userInfo["NSDebugDescription"] as? String ?? "not valid JSON"
    let parts = description.split(separator: " around character ", maxSplits: 1)
    let told = parts.dropFirst().first.flatMap { Int($0.prefix(while: \.isNumber)) }
    let reason = (parts.first ?? "").trimmingCharacters(in: ["."])
    guard let index = error.userInfo["NSJSONSerializationErrorIndex"] as? Int ?? told else {
      return reason
    }
    let before = text.prefix(index)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
    return "line \(line), column \(column): \(reason)"
  }
}
