import ImagineCore

extension DataFolder {
  /// `config.toml`, in `imagine` in the XDG configuration folder.
  static func configuration(_ environment: [String: String]) -> String {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
      return "\(folder)/imagine/config.toml"
    }
    return "\(user(environment))/.config/imagine/config.toml"
  }
}
