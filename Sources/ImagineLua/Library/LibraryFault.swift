import ImagineCore
import Lua

/// Errors of the library's modules in Lua.
enum LibraryFault {
  /// What the modules in Lua raise their errors with, and how they find misspelt names.
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
