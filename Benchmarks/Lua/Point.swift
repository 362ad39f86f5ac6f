import Lua

/// A value with one property and one method.
struct Point: LuaUserdata {
  let x: Double

  static let luaType = LuaUserdataType<Point>(name: "point") { type in
    type.property("x") { $0.x }
    type.method("plus") { point, call in call.results(point.x + (try call.number(2))) }
  }
}
