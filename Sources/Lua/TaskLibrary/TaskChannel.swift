import CLua

/// `task.channel(n)`: sends values between tasks; buffers at most n.
///
/// The values are in a table, the userdata's user value, so that Lua's collector sees them. Their
/// keys are never reused.
///
/// `@unchecked Sendable`: belongs to the Lua thread.
final class TaskChannel: @unchecked Sendable {
  private let capacity: Int
  private var lastKey: Int64 = 0
  /// The keys of the values that nobody has received, oldest first.
  private var queue = Queue<Int64>()
  private var senders = Queue<SendWait>()
  private var receivers = Queue<ReceiveWait>()
  private var isClosed = false

  init(capacity: Int) {
    self.capacity = capacity
  }

  /// Sends the value at index 2 of a call whose argument 1 is the channel.
  func send(_ call: borrowing LuaCall) throws -> Wait {
    guard !isClosed else { throw PositionedError(message: "the channel is closed") }
    guard !call.isNil(2) else { throw LuaArgumentError(2, "a value expected, got nil") }
    lastKey += 1
    lua_getiuservalue(call.stack, 1, 1)
    lua_pushvalue(call.stack, 2)
    try call.state.check(clua_raw_set_index(call.stack, -2, lastKey), call.stack)
    let wait = SendWait(self, key: lastKey)
    if let receiver = receivers.popFirst() {
      receiver.key = lastKey
      call.state.end(receiver)
      _ = wait.end()
      return wait
    }
    queue.append(lastKey)
    if queue.count <= capacity {
      _ = wait.end()
    } else {
      senders.append(wait)
    }
    return wait
  }

  func receive(in state: LuaState) -> Wait {
    let wait = ReceiveWait(self)
    if let key = queue.popFirst() {
      wait.key = key
      if let sender = senders.popFirst() { state.end(sender) }
      _ = wait.end()
    } else if isClosed {
      _ = wait.end()
    } else {
      receivers.append(wait)
    }
    return wait
  }

  func close(in state: LuaState) {
    isClosed = true
    while let receiver = receivers.popFirst() { state.end(receiver) }
  }

  func remove(_ wait: SendWait) {
    queue.removeAll { $0 == wait.key }
    senders.removeAll { $0 === wait }
  }

  func remove(_ wait: ReceiveWait) {
    receivers.removeAll { $0 === wait }
  }
}

final class SendWait: Wait, @unchecked Sendable {
  let key: Int64
  private let channel: TaskChannel

  init(_ channel: TaskChannel, key: Int64) {
    self.channel = channel
    self.key = key
  }

  override var purpose: String { "a receiver of a channel" }
  override func abandon() { channel.remove(self) }
}

final class ReceiveWait: Wait, @unchecked Sendable {
  /// The key of the value; `nil` if the channel was closed.
  var key: Int64?
  private let channel: TaskChannel

  init(_ channel: TaskChannel) { self.channel = channel }

  override var purpose: String { "a value of a channel" }
  override func abandon() { channel.remove(self) }

  /// The channel is argument 1 of the call that waited.
  override func finish(in state: LuaState) throws -> LuaResults {
    let stack = try state.runningStack()
    guard let key else {
      lua_pushnil(stack)
      return LuaResults(count: 1)
    }
    lua_getiuservalue(stack, 1, 1)
    lua_rawgeti(stack, -1, key)
    lua_pushnil(stack)
    // The entry exists, so this needs no memory.
    lua_rawseti(stack, -3, key)
    return LuaResults(count: 1)
  }
}

extension TaskChannel: LuaUserdata {
  static let luaType = LuaUserdataType<TaskChannel>(name: "channel") { type in
    type.asyncMethod("send") { channel, call in LuaAsyncCall(try channel.send(call)) }
    type.asyncMethod("receive") { channel, call in
      LuaAsyncCall(channel.receive(in: call.state))
    }
    type.method("close") { channel, call in
      channel.close(in: call.state)
      return .none
    }
    type.asyncMetamethod("__call") { channel, call in
      LuaAsyncCall(channel.receive(in: call.state))
    }
  }
}

extension TaskLibrary {
  static let channel = LuaNativeFunction { call in
    let capacity = try call.optional(1, as: Int.self) ?? 0
    guard capacity >= 0 else { throw LuaArgumentError(1, "the capacity is negative") }
    let state = call.state
    let stack = call.stack
    try TaskChannel.luaType.push(
      TaskChannel(capacity: capacity), in: state, stack, userValues: 1)
    try state.check(clua_new_table(stack, 0, 0), stack)
    lua_setiuservalue(stack, -2, 1)
    return LuaResults(count: 1)
  }
}
