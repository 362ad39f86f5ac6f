import CLua

/// The process's stderr, unbuffered.
enum StandardError {
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { clua_write_stderr($0.baseAddress, $0.count) }
  }
}
