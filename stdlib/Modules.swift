/// The Lua sources of the modules in this folder, as they are embedded into the program.
///
/// They are bytes until a script requires a module; nothing is read or compiled before.
public enum StandardLibrary {
  /// The names of the modules.
  public static let moduleNames = [
    "args", "choose", "csv", "fs", "http", "json", "log", "process", "prompts", "slug", "sweep",
  ]

  /// The names of the files that a module requires by `imagine.` and their name.
  public static let partNames =
    ["fs.glob", "prompts.expansion", "prompts.parser", "prompts.wildcards"]
    + ["batch", "convert", "edit", "generate", "results", "sheet"].map { "verbs.\($0)" }

  /// The annotations of what the host defines in Swift: `imagine`, `task`, and their values.
  public static var types: [UInt8] { PackageResources.imagine_lua }

  /// The first script of a project, and its test.
  public static var projectExample: [UInt8] { PackageResources.hello_lua }
  public static var projectTest: [UInt8] { PackageResources.hello_test_lua }

  /// The source of a module or a part; empty for another name.
  public static func source(ofModule name: String) -> [UInt8] {
    switch name {
    case "args": PackageResources.args_lua
    case "choose": PackageResources.choose_lua
    case "csv": PackageResources.csv_lua
    case "fs": PackageResources.fs_lua
    case "fs.glob": PackageResources.glob_lua
    case "http": PackageResources.http_lua
    case "json": PackageResources.json_lua
    case "log": PackageResources.log_lua
    case "process": PackageResources.process_lua
    case "prompts": PackageResources.prompts_lua
    case "prompts.expansion": PackageResources.expansion_lua
    case "prompts.parser": PackageResources.parser_lua
    case "prompts.wildcards": PackageResources.wildcards_lua
    case "slug": PackageResources.slug_lua
    case "sweep": PackageResources.sweep_lua
    case "verbs.batch": PackageResources.batch_lua
    case "verbs.convert": PackageResources.convert_lua
    case "verbs.edit": PackageResources.edit_lua
    case "verbs.generate": PackageResources.generate_lua
    case "verbs.results": PackageResources.results_lua
    case "verbs.sheet": PackageResources.sheet_lua
    default: []
    }
  }
}
