import ImagineAPI

/// A statement in the history file: one line of JSON.
struct HistoryRecord: Equatable, Sendable {
  /// Seconds since 1970.
  var time: Int
  var session: String
  var statement: String

  var line: String {
    let record: Value = [
      "time": .integer(Int64(time)), "session": .text(session), "statement": .text(statement),
    ]
    return record.json + "\n"
  }

  init(time: Int, session: String, statement: String) {
    (self.time, self.session, self.statement) = (time, session, statement)
  }

  /// Reads a line; nil if it is damaged.
  init?(line: ArraySlice<UInt8>) {
    guard let fields = (try? Value(json: Array(line)))?.table,
      let time = fields["time"]?.integer.flatMap(Int.init(exactly:)),
      let session = fields["session"]?.text, let statement = fields["statement"]?.text
    else { return nil }
    self.init(time: time, session: session, statement: statement)
  }
}
