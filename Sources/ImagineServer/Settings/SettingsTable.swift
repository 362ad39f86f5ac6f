import ImagineAPI
import ImagineSystem
import TOMLKit

/// A settings file is invalid or cannot be read.
public struct SettingsError: Error, CustomStringConvertible, Equatable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A table of a TOML file. Unknown keys are errors.
struct SettingsTable {
  private let table: TOMLTable
  /// The table's place in the file, for messages: `[[token]] 2`.
  private let place: String

  /// The text of a file.
  ///
  /// - Parameter isSecret: whether to refuse a file that others may read.
  /// - Throws: ``SettingsError`` if it is missing, is not UTF-8, or cannot be read.
  static func text(of path: String, isSecret: Bool = false) throws(SettingsError) -> String {
    let bytes: [UInt8]?
    do throws(ImagineError) {
      bytes = try FilePath(path).readSmallFile(isSecret: isSecret)
    } catch {
      throw SettingsError(error.message)
    }
    guard let bytes else { throw SettingsError("there is no such file") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SettingsError("the file is not UTF-8")
    }
    return text
  }

  /// A whole file.
  ///
  /// - Throws: ``SettingsError`` if the text is not TOML or has unknown keys.
  init(file text: String, keys: [String]) throws(SettingsError) {
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw SettingsError("line \(error.source.begin.line): \(error.description)")
    } catch {
      throw SettingsError("\(error)")
    }
    place = ""
    try check(keys)
  }

  private init(_ table: TOMLTable, place: String, keys: [String]) throws(SettingsError) {
    self.table = table
    self.place = place
    try check(keys)
  }

  private func check(_ keys: [String]) throws(SettingsError) {
    for key in table.keys where !keys.contains(key) {
      let nearest = Spelling.nearest(to: key, among: keys)
      throw error(
        "unknown key '\(key)'\(nearest.map { "; did you mean '\($0)'?" } ?? "") "
          + "(keys: \(keys.joined(separator: ", ")))")
    }
  }

  /// An error with this table's place.
  func error(_ message: String) -> SettingsError {
    SettingsError(place.isEmpty ? message : "\(place): \(message)")
  }

  /// The tables of an array of tables (`[[name]]`).
  func tables(_ name: String, keys: [String]) throws(SettingsError) -> [SettingsTable] {
    guard let value = table[name] else { return [] }
    guard let array = value.array else { throw error("'\(name)' must be written [[\(name)]]") }
    var tables: [SettingsTable] = []
    for element in array {
      guard let table = element.table else { throw error("'\(name)' must be written [[\(name)]]") }
      tables.append(
        try SettingsTable(table, place: "[[\(name)]] \(tables.count + 1)", keys: keys))
    }
    return tables
  }

  func text(_ key: String) throws(SettingsError) -> String? {
    try value(key, "a string") { $0.string }
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(SettingsError) -> Int? {
    try value(key, "an integer from \(range.lowerBound) to \(range.upperBound)") {
      $0.int.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A number of seconds, up to about 30 years.
  func seconds(_ key: String) throws(SettingsError) -> Double? {
    try value(key, "a number of seconds from 0 to 1000000000") {
      ($0.double ?? $0.int.map(Double.init)).flatMap { (0...1e9).contains($0) ? $0 : nil }
    }
  }

  func boolean(_ key: String) throws(SettingsError) -> Bool? {
    try value(key, "true or false") { $0.bool }
  }

  /// One of the raw values of an enumeration.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws(SettingsError) -> Choice? {
    let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
    return try value(key, names) { $0.string.flatMap(Choice.init(rawValue:)) }
  }

  /// A date (its start in UTC) or a date with a time; returns seconds since 1970.
  func moment(_ key: String) throws(SettingsError) -> Double? {
    try value(key, "a date such as 2027-01-31 or 2027-01-31T12:00:00Z") { value in
      if let date = value.date { return Self.seconds(date, nil, offset: 0) }
      guard let moment = value.dateTime else { return nil }
      // The type annotation matters: every TOML value also has an optional `time`, which is nil here.
      let time: TOMLTime = moment.time
      return Self.seconds(moment.date, time, offset: moment.offset?.offset ?? 0)
    }
  }

  /// - Parameter offset: minutes east of UTC.
  private static func seconds(_ date: TOMLDate, _ time: TOMLTime?, offset: Int) -> Double {
    // Counting years from March puts the leap day last, so a formula gives the days.
    let year = date.month > 2 ? date.year : date.year - 1
    let month = (date.month + 9) % 12
    let days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.day - 719_469
    let minutes = (time?.hour ?? 0) * 60 + (time?.minute ?? 0) - offset
    return Double(days * 86400 + minutes * 60 + (time?.second ?? 0))
  }

  private func value<Value>(
    _ key: String, _ expected: String, _ read: (any TOMLValueConvertible) -> Value?
  ) throws(SettingsError) -> Value? {
    guard let given = table[key] else { return nil }
    guard let value = read(given) else {
      throw error("'\(key)' is \(given.debugDescription) (expected \(expected))")
    }
    return value
  }
}
