#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where host and server keep what outlives a run.
public enum DataFolder {
  /// The folder that an environment names: `IMAGINE_HOME`, else `imagine` in the XDG data folder.
  ///
  /// An empty variable counts as absent, and a relative `XDG_DATA_HOME` is ignored, as its
  /// specification wants.
  public static func path(environment: [String: String]) -> String {
    if let home = environment["IMAGINE_HOME"], !home.isEmpty { return home }
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return "\(data)/imagine" }
    return "\(user(environment))/.local/share/imagine"
  }

  /// The user's folder: `HOME`, or where that is unset or empty the one in the system's list of users.
  public static func user(_ environment: [String: String]) -> String {
    if let home = environment["HOME"], !home.isEmpty { return home }
    guard let user = getpwuid(getuid()), let folder = user.pointee.pw_dir else {
      // Nobody's folder: what is to be written there is an error that names it.
      return "/"
    }
    return String(cString: folder)
  }
}
