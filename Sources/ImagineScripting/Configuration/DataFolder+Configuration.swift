import ImagineAPI
import ImagineSystem

extension DataFolder {
  /// The path of `config.toml`, in the folder `imagine` of the XDG configuration folder.
  static func configuration(_ environment: [String: String]) -> String {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
      return "\(folder)/imagine/config.toml"
    }
    return "\(userHome(environment))/.config/imagine/config.toml"
  }
}
