public import ImagineAPI
import ImagineStdlib
public import Lua

/// The modules that every script can `require` without installing anything: `args`, `choose`, `csv`,
/// `fs`, `http`, `json`, `log`, `process`, `prompts`, `slug` and `sweep`.
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
/// `require "json"` returns the library's module on every machine, even if another module of that
/// name is installed there. The script's own file takes precedence: one that is found by a relative
/// entry of `package.path` (`./json.lua`), or by an entry that the script has added. `require
/// "imagine.json"` always returns the library's module.
///
/// A module is compiled when it is first required. Its Lua part, with the description of its
/// functions, is in `stdlib/`.
public enum ScriptLibrary {
  /// The names of the modules.
  public static let moduleNames = StandardLibrary.moduleNames

  /// Makes the modules available to `require`, and `json.null` the ``LuaState/null`` of the state.
  /// In a state without the `package` library there is no `require`.
  ///
  /// - Parameters:
  ///   - web: sends the requests of `http`, which are errors without it.
  ///   - runsPrograms: whether `process` runs programs. Without, each is checked, and ends at once with
  ///     code 0 and empty texts.
  public static func install(
    in state: LuaState, web: (any WebClient)? = nil, runsPrograms: Bool = true
  ) throws {
    state.null = try state.userdata(JSONNull(), JSONNull.luaType)
    guard case .table(let package) = try state.globals.get("package"),
      case .table(let searchers) = try package.get("searchers")
    else { return }
    let search = ModuleSearch(
      package: package, installedPath: try package.get("path").text ?? "",
      natives: Natives(web: web, runsPrograms: runsPrograms))
    // After `package.preload`, before the files.
    for index in stride(from: try searchers.count, through: 2, by: -1) {
      try searchers.set(index + 1, to: searchers.get(index))
    }
    try searchers.set(2, to: LuaNativeFunction { call in try search.loader(call) })
  }
}

/// The Swift functions that the Lua part of each module receives.
private struct Natives: Sendable {
  let web: (any WebClient)?
  let runsPrograms: Bool

  func makeTable(of module: String, in state: LuaState) throws -> LuaTable {
    switch module {
    case "verbs.results": try FileModule.makePlaceTable(in: state)
    case "json": try JSONModule.makeTable(in: state)
    case "fs": try FileModule.makeTable(in: state)
    case "http": try WebModule(web: web).makeTable(in: state)
    case "process": try ProcessModule(runsPrograms: runsPrograms).makeTable(in: state)
    default: try state.makeTable(LibraryFault.functions)
    }
  }
}

/// The searcher that `require` calls for modules of the library.
private struct ModuleSearch: Sendable {
  let package: LuaTable
  /// `package.path` when the library was installed.
  let installedPath: String
  let natives: Natives

  /// The prefix of a qualified name.
  static let prefix = "imagine."

  /// Returns a function that opens the module; nothing if the name is not a module of the library,
  /// or the script has its own.
  func loader(_ call: borrowing LuaCall) throws -> LuaResults {
    let name = try call.string(1)
    let isQualified = name.hasPrefix(Self.prefix)
    let module = isQualified ? String(name.dropFirst(Self.prefix.count)) : name
    let isPart = isQualified && StandardLibrary.partNames.contains(module)
    guard
      try isPart
        || ScriptLibrary.moduleNames.contains(module) && (isQualified || !scriptHasOwn(module))
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

  /// Opens the module once for both of its names.
  private func open(_ module: String, in state: LuaState) throws -> LuaValue {
    let qualified = Self.prefix + module
    guard case .table(let loaded) = try package.get("loaded") else {
      throw LuaError("'package.loaded' is not a table")
    }
    let present = try loaded.get(qualified)
    if present.isTrue { return present }
    let chunk = try state.load(
      StandardLibrary.source(ofModule: module), name: "=[\(module)]")
    let value = try chunk.call(module, natives.makeTable(of: module, in: state)).first ?? .nil
    try loaded.set(qualified, to: value)
    return value
  }
}
