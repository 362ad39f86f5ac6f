import ImagineCore

/// Where things are kept between runs.
public enum Folders {
  /// Assets, the journal, the server's jobs: `IMAGINE_HOME`, else `imagine` in the XDG data folder.
  public static func home(_ environment: [String: String]) -> String {
    if let home = environment["IMAGINE_HOME"], !home.isEmpty { return home }
    return xdg("XDG_DATA_HOME", ".local/share", environment)
  }

  /// `config.toml`, in `imagine` in the XDG configuration folder.
  static func configuration(_ environment: [String: String]) -> String {
    xdg("XDG_CONFIG_HOME", ".config", environment) + "/config.toml"
  }

  /// By the XDG rules a folder that is not absolute is ignored.
  private static func xdg(
    _ variable: String, _ standard: String, _ environment: [String: String]
  ) -> String {
    if let folder = environment[variable], folder.hasPrefix("/") { return "\(folder)/imagine" }
    return "\(environment["HOME"] ?? ".")/\(standard)/imagine"
  }
}
