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

  /// The user's folder; the one that a program is in where the environment names none.
  public static func user(_ environment: [String: String]) -> String {
    environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "."
  }
}
