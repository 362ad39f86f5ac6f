import CLua

/// A Swift type whose values scripts can hold.
///
/// ```swift
/// extension Image: LuaUserdata {
///   static let luaType = LuaUserdataType<Image>(name: "image") { type in
///     type.property("width") { $0.width }
///     type.method("crop") { image, call in
///       try call.results(image.cropped(to: call.integer(2)))
///     }
///   }
/// }
/// ```
public protocol LuaUserdata: LuaConvertible, Sendable {
  /// The description. Implement it as a `static let`.
  static var luaType: LuaUserdataType<Self> { get }
}

extension LuaUserdata {
  public static var luaTypeName: String { luaType.name }

  public func push(to state: LuaState) throws {
    try Self.luaType.push(self, in: state, try state.runningStack())
  }

  public static func read(from state: LuaState, at index: Int32) throws -> Self? {
    luaType.box(try state.runningStack(), index)?.value
  }
}

/// Describes to Lua the properties, methods and metamethods of a Swift type.
///
/// Scripts can neither read nor change the metatable. A method that is called with something else
/// as its object raises a bad argument error.
public final class LuaUserdataType<Value: Sendable>: Sendable, UserdataMembers {
  /// The type name in messages.
  public let name: String
  private let identity = TypeIdentity()
  private let description: Description

  /// Describes the type.
  public init(name: String, _ describe: (inout Description) -> Void) {
    self.name = name
    var description = Description(name: name, identity: identity)
    describe(&description)
    self.description = description
  }

  /// The sorted names of its properties and methods, for completion and documentation.
  public var memberNames: [String] {
    Set(description.getters.keys).union(description.methods.keys)
      .union(description.luaMethods.keys).sorted()
  }

  /// The names of its properties and methods, and which are methods.
  var members: [(name: String, isMethod: Bool)] {
    description.getters.keys.map { ($0, false) } + description.methods.keys.map { ($0, true) }
  }

  /// Collects the members of a type. Their closures run on the Lua thread.
  public struct Description: Sendable {
    let name: String
    fileprivate let identity: TypeIdentity
    var getters: [String: LuaNativeFunction] = [:]
    var setters: [String: LuaNativeFunction] = [:]
    var methods: [String: LuaNativeFunction] = [:]
    var luaMethods: [String: @Sendable (LuaState) throws -> LuaFunction] = [:]
    var metamethods: [String: LuaNativeFunction] = [:]

    /// A field that scripts can read.
    public mutating func property(
      _ field: String, get: @escaping @Sendable (Value) throws -> some LuaPushable
    ) {
      let (name, identity) = (self.name, self.identity)
      getters[field] = LuaNativeFunction { call in
        try get(LuaUserdataType.selfValue(call, name, identity)).pushResult(of: call)
        return LuaResults(count: 1)
      }
    }

    /// A field that scripts can read and write.
    public mutating func property<Field: LuaConvertible>(
      _ field: String, get: @escaping @Sendable (Value) throws -> Field,
      set: @escaping @Sendable (Value, Field) throws -> Void
    ) {
      property(field, get: get)
      let (name, identity) = (self.name, self.identity)
      setters[field] = LuaNativeFunction { call in
        try set(LuaUserdataType.selfValue(call, name, identity), call.get(2))
        return .none
      }
    }

    /// A method: `object:name(…)`. Argument 1 is the object.
    public mutating func method(
      _ method: String,
      _ body: @escaping @Sendable (Value, borrowing LuaCall) throws -> LuaResults
    ) {
      let (name, identity) = (self.name, self.identity)
      methods[method] = LuaNativeFunction { call in
        try body(LuaUserdataType.selfValue(call, name, identity), call)
      }
    }

    /// A method whose results come later.
    public mutating func asyncMethod(
      _ method: String,
      _ body: @escaping @Sendable (Value, borrowing LuaCall) throws -> LuaAsyncCall
    ) {
      let (name, identity) = (self.name, self.identity)
      methods[method] = .async { call in
        try body(LuaUserdataType.selfValue(call, name, identity), call)
      }
    }

    /// A metamethod whose first argument is always the object.
    public mutating func metamethod(
      _ event: String,
      _ body: @escaping @Sendable (Value, borrowing LuaCall) throws -> LuaResults
    ) {
      let (name, identity) = (self.name, self.identity)
      metamethod(event) { call in
        try body(LuaUserdataType.selfValue(call, name, identity), call)
      }
    }

    /// A metamethod whose results come later.
    public mutating func asyncMetamethod(
      _ event: String,
      _ body: @escaping @Sendable (Value, borrowing LuaCall) throws -> LuaAsyncCall
    ) {
      let (name, identity) = (self.name, self.identity)
      metamethods[event] = .async { call in
        try body(LuaUserdataType.selfValue(call, name, identity), call)
      }
    }

    /// A method written in Lua, which is made once for each state. It must check argument 1, the
    /// object, itself.
    public mutating func method(
      _ name: String, madeBy make: @escaping @Sendable (LuaState) throws -> LuaFunction
    ) {
      luaMethods[name] = make
    }

    /// A method from a function, which must check argument 1, the object, itself.
    public mutating func method(_ name: String, _ function: LuaNativeFunction) {
      methods[name] = function
    }

    /// The text that `tostring` returns.
    public mutating func description(
      _ text: @escaping @Sendable (Value) throws -> String
    ) {
      let (name, identity) = (self.name, self.identity)
      metamethods["__tostring"] = LuaNativeFunction { call in
        try call.results(text(LuaUserdataType.selfValue(call, name, identity)))
      }
    }

    /// The comparison of `==`.
    public mutating func equality(
      _ areEqual: @escaping @Sendable (Value, Value) throws -> Bool
    ) {
      let identity = self.identity
      metamethod("__eq") { call in
        guard let left = LuaUserdataType.valueIfAny(call, 1, identity),
          let right = LuaUserdataType.valueIfAny(call, 2, identity)
        else { return call.results(false) }
        return call.results(try areEqual(left, right))
      }
    }

    /// Any metamethod but `__index`, `__newindex`, `__gc`, `__name` and `__metatable`.
    public mutating func metamethod(
      _ name: String, _ body: @escaping @Sendable (borrowing LuaCall) throws -> LuaResults
    ) {
      precondition(
        !["__index", "__newindex", "__gc", "__name", "__metatable"].contains(name),
        "the library itself defines \(name)")
      metamethods[name] = LuaNativeFunction(body)
    }
  }

  private static func selfValue(
    _ call: borrowing LuaCall, _ name: String, _ identity: TypeIdentity
  ) throws -> Value {
    guard let pointer = clua_to_object(call.stack, 1, identity.key) else {
      throw LuaArgumentError(1, expected: name)
    }
    return Unmanaged<LuaBox<Value>>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.value }
  }

  private static func valueIfAny(
    _ call: borrowing LuaCall, _ index: Int32, _ identity: TypeIdentity
  ) -> Value? {
    guard let pointer = clua_to_object(call.stack, index, identity.key) else { return nil }
    return Unmanaged<LuaBox<Value>>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.value }
  }

  private var key: UnsafeRawPointer { identity.key }

  func box(_ stack: OpaquePointer, _ index: Int32) -> LuaBox<Value>? {
    guard let pointer = clua_to_object(stack, index, key) else { return nil }
    return Unmanaged<LuaBox<Value>>.fromOpaque(pointer).takeUnretainedValue()
  }

  func push(
    _ value: Value, in state: LuaState, _ stack: OpaquePointer, userValues: Int32 = 0
  ) throws {
    if state.userdataTypes[key] == nil { try register(in: state, stack) }
    let box = Unmanaged.passRetained(LuaBox(value))
    let status = clua_push_object(stack, key, releaseBox, box.toOpaque(), userValues)
    if status != LUA_OK {
      box.release()
      throw state.takeError(status, stack)
    }
  }

  private func register(in state: LuaState, _ stack: OpaquePointer) throws {
    try state.balanced { stack in
      try description.methods.push(to: state)
      for (name, make) in description.luaMethods {
        try make(state).push(to: state)
        try state.setField(name, stack, table: -2)
      }
      try description.getters.push(to: state)
      try description.setters.push(to: state)
      try state.check(clua_new_table(stack, 0, 8), stack)
      try name.push(to: state)
      try state.setField("__name", stack, table: -2)
      try name.push(to: state)
      try state.setField("__metatable", stack, table: -2)
      for (event, function) in description.metamethods {
        try function.push(to: state)
        try state.setField(event, stack, table: -2)
      }
      try state.check(clua_complete_metatable(stack), stack)
      try state.check(clua_set_registry(stack, key), stack)
    }
    state.userdataTypes[key] = self
  }
}

/// The members of a userdata type, whatever its value's type is.
protocol UserdataMembers {
  var members: [(name: String, isMethod: Bool)] { get }
}

/// Its address identifies a type to C.
private final class TypeIdentity: Sendable {
  var key: UnsafeRawPointer { UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()) }
}

private let releaseBox: clua_release = { value in
  guard let value else { return }
  Unmanaged<AnyObject>.fromOpaque(value).release()
}

/// A Swift value that a userdata owns.
final class LuaBox<Value: Sendable>: Sendable, AnyLuaBox {
  let value: Value

  init(_ value: Value) {
    self.value = value
  }

  var anyValue: Any { value }
}

protocol AnyLuaBox {
  var anyValue: Any { get }
}

/// A Lua userdata of any type.
public struct LuaUserdataReference: Sendable, Equatable {
  let reference: LuaReference

  /// Whether both are the same userdata.
  public static func == (left: LuaUserdataReference, right: LuaUserdataReference) -> Bool {
    left.reference.isSameValue(as: right.reference)
  }

  /// Its Swift value, or `nil` if it has another type. On its Lua thread.
  public func value<T>(_ type: LuaUserdataType<T>) throws -> T? {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      return type.box(stack, -1)?.value
    }
  }
}

extension LuaValue {
  /// The Swift value of a userdata, or `nil` if it is something else. On its Lua thread.
  public func userdata<T: LuaUserdata>(_ type: T.Type = T.self) throws -> T? {
    guard case .userdata(let reference) = self else { return nil }
    return try reference.value(T.luaType)
  }
}

extension LuaUserdataReference {
  /// The names of its properties and methods, and which are methods; none if it is not a host's. On
  /// its Lua thread.
  package func members() throws -> [(name: String, isMethod: Bool)] {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      var type: UnsafeRawPointer?
      guard clua_to_any_object(stack, -1, &type) != nil, let type else { return [] }
      return (state.userdataTypes[type] as? any UserdataMembers)?.members ?? []
    }
  }
}

extension LuaUserdataReference: LuaPushable {
  public func push(to state: LuaState) throws {
    try state.push(reference, try state.runningStack())
  }
}

extension LuaState {
  /// Makes a userdata of a value whose type is not ``LuaUserdata``.
  public func userdata<T>(_ value: T, _ type: LuaUserdataType<T>) throws -> LuaValue {
    try balanced { stack in
      try type.push(value, in: self, stack)
      return try read(stack, -1)
    }
  }
}
