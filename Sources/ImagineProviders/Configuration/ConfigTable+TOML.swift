package import ImagineAPI
import TOMLKit

extension ConfigTable {
  /// The content of a TOML file.
  ///
  /// - Parameter path: the file's path, for messages.
  /// - Throws: `ImagineError` of kind `validation` with the line if the text is not TOML.
  package init(toml text: String, in path: String) throws(ImagineError) {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ImagineError(
        .validation, "\(path): line \(error.source.begin.line): \(error.description)")
    } catch {
      throw ImagineError(.validation, "\(path): \(error)")
    }
    self.init(try table.settings(in: path), in: path)
  }
}

extension TOMLTable {
  /// - Parameter place: the table's name in messages.
  fileprivate func settings(in place: String) throws(ImagineError) -> [String: ImagineAPI.Value] {
    var settings: [String: ImagineAPI.Value] = [:]
    for (key, value) in self { settings[key] = try ImagineAPI.Value(value, at: "\(place).\(key)") }
    return settings
  }
}

extension Value {
  fileprivate init(_ value: any TOMLValueConvertible, at place: String) throws(ImagineError) {
    if let text = value.string {
      self = .text(text)
    } else if let number = value.int {
      self = .integer(Int64(number))
    } else if let number = value.double, number.isFinite {
      self = .number(number)
    } else if let flag = value.bool {
      self = .flag(flag)
    } else if let table = value.table {
      self = .table(try table.settings(in: place))
    } else if let array = value.array {
      var list: [Value] = []
      for entry in array { list.append(try Value(entry, at: "\(place)[\(list.count + 1)]")) }
      self = .list(list)
    } else {
      throw .invalid(
        field: place, given: "a \(value.type)",
        expected: "a string, a finite number, true or false, a list or a table")
    }
  }
}
