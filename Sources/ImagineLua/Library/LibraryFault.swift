import ImagineAPI
import Lua

/// Errors of the library modules that are written in Lua.
enum LibraryFault {
  /// `fault` raises an error of kind `validation`; `nearest` finds the name that was misspelt.
  static let functions: KeyValuePairs<String, LuaNativeFunction> = [
    "fault": LuaNativeFunction { call in
      throw ImagineError(
        .validation, try call.string(1), field: try call.optional(2, as: String.self))
    },
    "nearest": LuaNativeFunction { call in
      try call.results(
        Spelling.nearest(to: call.string(1), among: call.get(2, as: [String].self)))
    },
  ]
}
