import ImagineAPI
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file descriptors of this process.
public enum Descriptors {
  /// Raises the soft limit to the hard limit.
  public static func raiseLimit() {
    guard var limit = current else { return }
    limit.rlim_cur = limit.rlim_max
    #if canImport(Darwin)
      // macOS refuses more than this, whatever the hard limit is.
      limit.rlim_cur = min(limit.rlim_cur, rlim_t(OPEN_MAX))
    #endif
    setrlimit(resource, &limit)
  }

  /// How many connections may be open, with a reserve for files, the store and video encoders.
  ///
  /// - Parameters:
  ///   - wanted: the highest useful number.
  ///   - work: descriptors that work needs, besides those open now.
  static func connections(atMost wanted: Int, besideWork work: Int) -> Int {
    guard let limit = current, limit.rlim_cur < rlim_t(Int32.max) else { return wanted }
    let free = Int(limit.rlim_cur) - open - work
    // A download needs a file besides its connection.
    return min(wanted, max(4, free * 2 / 3))
  }

  private static var current: rlimit? {
    var limit = rlimit()
    return getrlimit(resource, &limit) == 0 ? limit : nil
  }

  /// How many may be open; nil if there is no limit.
  static var limit: Double? {
    current.flatMap { $0.rlim_cur < rlim_t(Int32.max) ? Double($0.rlim_cur) : nil }
  }

  /// How many are open now.
  static var open: Int {
    #if canImport(Darwin)
      FilePath("/dev/fd").children.count
    #else
      FilePath("/proc/self/fd").children.count
    #endif
  }

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif
}
