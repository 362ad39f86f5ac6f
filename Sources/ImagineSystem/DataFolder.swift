/// The folder in which host and server keep data between runs.
public enum DataFolder {
  /// The folder of an environment: `IMAGINE_HOME`, or `imagine` in the XDG data folder.
  ///
  /// An empty variable counts as unset. A relative `XDG_DATA_HOME` is ignored, as the XDG
  /// specification requires.
  public static func path(environment: [String: String]) -> String {
    if let home = environment["IMAGINE_HOME"], !home.isEmpty { return home }
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return "\(data)/imagine" }
    return "\(userHome(environment))/.local/share/imagine"
  }

  /// The user's home folder: `HOME`, or the one in the system's user list if `HOME` is unset or empty.
  public static func userHome(_ environment: [String: String]) -> String {
    if let home = environment["HOME"], !home.isEmpty { return home }
    // Writing to the root fails with an error that names it.
    return homeFolderOfUser() ?? "/"
  }
}
