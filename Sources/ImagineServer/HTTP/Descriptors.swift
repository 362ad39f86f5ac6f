#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file descriptors of this process.
public enum Descriptors {
  /// Allows this process as many as the system lets it have.
  public static func raiseLimit() {
    guard var limit = current else { return }
    limit.rlim_cur = limit.rlim_max
    #if canImport(Darwin)
      // More than this is refused there, whatever the hard limit says.
      limit.rlim_cur = min(limit.rlim_cur, rlim_t(OPEN_MAX))
    #endif
    setrlimit(resource, &limit)
  }

  /// How many connections may be open beside a share for files, the store and video encoders.
  ///
  /// - Parameters:
  ///   - wanted: the most that are of use.
  ///   - work: descriptors that work needs beside what is open now.
  static func connections(atMost wanted: Int, besideWork work: Int) -> Int {
    guard let limit = current, limit.rlim_cur < rlim_t(Int32.max) else { return wanted }
    let free = Int(limit.rlim_cur) - open - work
    // A download holds a file beside its connection.
    return min(wanted, max(4, free * 2 / 3))
  }

  private static var current: rlimit? {
    var limit = rlimit()
    return getrlimit(resource, &limit) == 0 ? limit : nil
  }

  /// How many are open now.
  private static var open: Int {
    #if canImport(Darwin)
      Folder.names(in: "/dev/fd").count
    #else
      Folder.names(in: "/proc/self/fd").count
    #endif
  }

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif
}
