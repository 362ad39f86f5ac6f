import ImagineAPI
import Lua

/// What the library modules that are written in Lua check, and their errors.
enum LibraryFault {
  /// `fault` raises an error of kind `validation`; `nearest` finds the name that was misspelt;
  /// `fields(given, what, names)` is a plain copy of a table of options, an empty one of nil.
  static let functions: KeyValuePairs<String, LuaNativeFunction> = [
    "fault": LuaNativeFunction { call in
      throw ImagineError(
        .validation, try call.string(1), field: try call.optional(2, as: String.self))
    },
    "nearest": LuaNativeFunction { call in
      try call.results(
        Spelling.nearest(to: call.string(1), among: call.get(2, as: [String].self)))
    },
    "fields": LuaNativeFunction { call in
      let copy = try call.state.makeTable()
      guard !call.isNil(1) else { return try call.results(copy) }
      let (what, known) = (try call.string(2), try call.get(3, as: [String].self))
      guard case .table(let given) = try call.value(1) else {
        throw ImagineError(
          .validation, "\(what): the options are a \(call.type(1)) (expected a table)")
      }
      for (name, value) in try given.fields(known: known, of: what).sorted(by: { $0.key < $1.key })
      {
        guard known.contains(name) else {
          throw ImagineError.unknown(field: name, of: what, allowed: known)
        }
        try copy.set(name, to: value)
      }
      return try call.results(copy)
    },
  ]
}
