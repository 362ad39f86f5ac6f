import ImagineAPI
import ImagineRuns
import Lua

extension Workflow {
  /// The call `show`: a line of facts, and a preview where the output is a terminal that shows one.
  func showing(_ facts: String, _ image: Image?) -> LuaAsyncCall {
    guard let display else {
      notice(facts)
      return LuaAsyncCall(ready: .none)
    }
    guard let image, let box = display.box else {
      display.show(facts, nil)
      return LuaAsyncCall(ready: .none)
    }
    return LuaAsyncCall(purpose: "a preview") {
      // A preview is an extra: the facts are shown without it too.
      try? await self.thumbnail(of: image, within: box)
    } completion: { _, thumbnail in
      display.show(facts, thumbnail)
      return .none
    }
  }
}
