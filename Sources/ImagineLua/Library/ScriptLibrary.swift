import ImagineStdlib
public import Lua

/// The modules that every script finds without installing anything: `args`, `csv`, `fs`, `json`,
/// `log` and `slug`.
///
/// For example:
///
/// ```swift
/// try await interpreter.run { state in
///   try ScriptLibrary.install(in: state)
///   try state.run("print(require('json').encode{ 1, 2, 3 })")
/// }
/// ```
///
/// `require "json"` gives the library's module wherever a script runs: one that is installed on
/// the machine under the same name does not change what the script means. The script's own file
/// does, as its author wants it: one that is found by a relative entry of `package.path`
/// (`./json.lua`), or by an entry that the script itself has added. `require "imagine.json"` is
/// the library's module in any case.
///
/// Nothing is compiled before it is required. The Lua part of each module lies in `stdlib/`, with
/// the descriptions of its functions.
public enum ScriptLibrary {
  /// The names of the modules.
  public static let moduleNames = StandardLibrary.moduleNames

  /// Makes the modules known to `require` in a state; does nothing in a state that has no
  /// `package` library.
  public static func install(in state: LuaState) throws {
    guard case .table(let package) = try state.globals.get("package"),
      case .table(let searchers) = try package.get("searchers")
    else { return }
    let search = ModuleSearch(package: package, installedPath: try package.get("path").text ?? "")
    // After `package.preload`, before the files.
    for index in stride(from: try searchers.count, through: 2, by: -1) {
      try searchers.set(index + 1, to: searchers.get(index))
    }
    try searchers.set(2, to: LuaNativeFunction { call in try search.loader(call) })
  }

  /// What the Lua part of a module is given of Swift.
  static func natives(of module: String, in state: LuaState) throws -> LuaTable {
    switch module {
    case "json": try JSONModule.makeTable(in: state)
    case "fs": try FileModule.makeTable(in: state)
    default: try state.makeTable(LibraryFault.functions)
    }
  }
}

/// What `require` asks for a module of the library.
private struct ModuleSearch: Sendable {
  let package: LuaTable
  /// `package.path` when the library was installed.
  let installedPath: String

  /// What a qualified name begins with.
  static let prefix = "imagine."

  /// Leaves the function that opens the module, or nothing where it is not the library's to give.
  func loader(_ call: borrowing LuaCall) throws -> LuaResults {
    let name = try call.string(1)
    let isQualified = name.hasPrefix(Self.prefix)
    let module = isQualified ? String(name.dropFirst(Self.prefix.count)) : name
    guard ScriptLibrary.moduleNames.contains(module), try isQualified || !scriptHasOwn(module)
    else { return .none }
    return try call.results(
      LuaNativeFunction { call in try call.results(open(module, in: call.state)) })
  }

  private func scriptHasOwn(_ module: String) throws -> Bool {
    guard case .function(let searchPath) = try package.get("searchpath") else { return false }
    let installed = installedPath.split(separator: ";")
    let own = (try package.get("path").text ?? "").split(separator: ";")
      .filter { !$0.hasPrefix("/") || !installed.contains($0) }
    return try searchPath.call(module, own.joined(separator: ";")).first?.isTrue ?? false
  }

  /// The module, the same one under both of its names.
  private func open(_ module: String, in state: LuaState) throws -> LuaValue {
    let qualified = Self.prefix + module
    guard case .table(let loaded) = try package.get("loaded") else {
      throw LuaError("'package.loaded' is not a table")
    }
    let present = try loaded.get(qualified)
    if present.isTrue { return present }
    let chunk = try state.load(
      StandardLibrary.source(ofModule: module), name: "=[\(module)]")
    let value =
      try chunk.call(module, ScriptLibrary.natives(of: module, in: state)).first ?? .nil
    try loaded.set(qualified, to: value)
    return value
  }
}
