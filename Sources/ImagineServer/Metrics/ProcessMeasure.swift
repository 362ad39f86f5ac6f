import ImagineAPI
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number about this process, under the name that Prometheus' clients give it.
struct ProcessMeasure {
  let name: String
  let help: String
  let value: Double

  /// Those that this system tells.
  static var all: [ProcessMeasure] {
    var measures = [
      ProcessMeasure(
        name: "process_open_fds", help: "Open file descriptors.",
        value: Double(Descriptors.open))
    ]
    if let maximum = Descriptors.limit {
      measures.append(
        ProcessMeasure(
          name: "process_max_fds", help: "The limit of open file descriptors.", value: maximum))
    }
    if let bytes = residentBytes {
      measures.append(
        ProcessMeasure(
          name: "process_resident_memory_bytes", help: "Resident memory.", value: bytes))
    }
    return measures
  }

  /// The second number of /proc/self/statm, in pages; nil where there is none.
  private static var residentBytes: Double? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let words = line.prefix { $0 != 0 }.split(separator: CChar(32))
    guard words.count > 1 else { return nil }
    let pages = words[1].reduce(0.0) { $0 * 10 + Double($1 - 48) }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
