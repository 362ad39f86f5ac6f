/// The Lua sources of the modules in this folder, as they are embedded into the program.
///
/// They are bytes until a script requires a module; nothing is read or compiled before.
public enum StandardLibrary {
  /// The names of the modules.
  public static let moduleNames = ["args", "csv", "fs", "json", "log", "slug"]

  /// The source of a module; empty for a name that is none of ``moduleNames``.
  public static func source(ofModule name: String) -> [UInt8] {
    switch name {
    case "args": PackageResources.args_lua
    case "csv": PackageResources.csv_lua
    case "fs": PackageResources.fs_lua
    case "json": PackageResources.json_lua
    case "log": PackageResources.log_lua
    case "slug": PackageResources.slug_lua
    default: []
    }
  }
}
