import ImagineCore
import TOMLKit

/// A settings file cannot be used.
public struct SettingsFault: Error, CustomStringConvertible, Equatable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A table of a TOML file, of which every key is known.
struct SettingsTable {
  private let table: TOMLTable
  /// Where in the file it stands, for messages: `[[token]] 2`.
  private let place: String

  /// The text of a file.
  ///
  /// - Parameter isSecret: whether only its owner may be able to read it.
  /// - Throws: ``SettingsFault`` where it is missing, is no text, or cannot be read.
  static func text(of path: String, isSecret: Bool = false) throws -> String {
    let bytes: [UInt8]?
    do {
      bytes = try SmallFile.read(path, isSecret: isSecret)
    } catch let error as HomeError {
      throw SettingsFault(error.description)
    }
    guard let bytes else { throw SettingsFault("there is no such file") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SettingsFault("the file is not UTF-8")
    }
    return text
  }

  /// A whole file.
  ///
  /// - Throws: ``SettingsFault`` where the text is no TOML or has other keys.
  init(file text: String, keys: [String]) throws(SettingsFault) {
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw SettingsFault("line \(error.source.begin.line): \(error.description)")
    } catch {
      throw SettingsFault("\(error)")
    }
    place = ""
    try check(keys)
  }

  private init(_ table: TOMLTable, place: String, keys: [String]) throws(SettingsFault) {
    self.table = table
    self.place = place
    try check(keys)
  }

  private func check(_ keys: [String]) throws(SettingsFault) {
    for key in table.keys where !keys.contains(key) {
      let nearest = Spelling.nearest(to: key, among: keys)
      throw fault(
        "unknown key '\(key)'\(nearest.map { "; did you mean '\($0)'?" } ?? "") "
          + "(keys: \(keys.joined(separator: ", ")))")
    }
  }

  /// A fault of this table.
  func fault(_ message: String) -> SettingsFault {
    SettingsFault(place.isEmpty ? message : "\(place): \(message)")
  }

  /// The tables of an array of tables (`[[name]]`).
  func tables(_ name: String, keys: [String]) throws(SettingsFault) -> [SettingsTable] {
    guard let value = table[name] else { return [] }
    guard let array = value.array else { throw fault("'\(name)' is written [[\(name)]]") }
    var tables: [SettingsTable] = []
    for element in array {
      guard let table = element.table else { throw fault("'\(name)' is written [[\(name)]]") }
      tables.append(
        try SettingsTable(table, place: "[[\(name)]] \(tables.count + 1)", keys: keys))
    }
    return tables
  }

  func text(_ key: String) throws(SettingsFault) -> String? {
    try value(key, "a string") { $0.string }
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(SettingsFault) -> Int? {
    try value(key, "an integer from \(range.lowerBound) to \(range.upperBound)") {
      $0.int.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A number of seconds; no clock counts further than some decades.
  func seconds(_ key: String) throws(SettingsFault) -> Double? {
    try value(key, "a number of seconds from 0 to 1000000000") {
      ($0.double ?? $0.int.map(Double.init)).flatMap { (0...1e9).contains($0) ? $0 : nil }
    }
  }

  func boolean(_ key: String) throws(SettingsFault) -> Bool? {
    try value(key, "true or false") { $0.bool }
  }

  /// One of the names of an enumeration.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws(SettingsFault) -> Choice? {
    let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
    return try value(key, names) { $0.string.flatMap(Choice.init(rawValue:)) }
  }

  /// A date, which means its first moment in UTC, or a date with a time; seconds since 1970.
  func moment(_ key: String) throws(SettingsFault) -> Double? {
    try value(key, "a date such as 2027-01-31 or 2027-01-31T12:00:00Z") { value in
      if let date = value.date { return Self.seconds(date, nil, offset: 0) }
      guard let moment = value.dateTime else { return nil }
      // Every TOML value has an optional `time`, too, which is nil for a date with a time.
      let time: TOMLTime = moment.time
      return Self.seconds(moment.date, time, offset: moment.offset?.offset ?? 0)
    }
  }

  /// - Parameter offset: minutes east of UTC.
  private static func seconds(_ date: TOMLDate, _ time: TOMLTime?, offset: Int) -> Double {
    // Years that begin in March have their leap day last, so days follow from a formula.
    let year = date.month > 2 ? date.year : date.year - 1
    let month = (date.month + 9) % 12
    let days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.day - 719_469
    let minutes = (time?.hour ?? 0) * 60 + (time?.minute ?? 0) - offset
    return Double(days * 86400 + minutes * 60 + (time?.second ?? 0))
  }

  private func value<Value>(
    _ key: String, _ expected: String, _ read: (any TOMLValueConvertible) -> Value?
  ) throws(SettingsFault) -> Value? {
    guard let given = table[key] else { return nil }
    guard let value = read(given) else {
      throw fault("'\(key)' is \(given.debugDescription) (expected \(expected))")
    }
    return value
  }
}
