public import Lua
import Synchronization

/// `imagine.repl()`: stops a script or a task where it is called, with its locals in sight.
///
/// Whoever runs a prompt serves it; a script without one gets a prompt of its own.
public final class StopPoints: Sendable {
  /// Where a prompt waits for stops.
  struct Server: Sendable {
    var serve: @Sendable (StopPoint) -> Void
    var toTerminal: @Sendable () -> Void
  }

  private let server = Mutex<Server?>(nil)
  /// Begins a prompt for a script that has none; false if nobody can type.
  private let begin: @Sendable (StopPoint) -> Bool
  private let notice: @Sendable (String) -> Void

  /// - Parameters:
  ///   - begin: begins a prompt on a thread of its own with ``InteractivePrompt/serve(_:)``, and
  ///     returns; false where nobody can type.
  ///   - notice: tells the user why a script did not stop.
  public init(
    begin: @escaping @Sendable (StopPoint) -> Bool, notice: @escaping @Sendable (String) -> Void
  ) {
    (self.begin, self.notice) = (begin, notice)
  }

  func attach(_ new: Server?) { server.withLock { $0 = new } }

  /// Adds the function `repl` to a module.
  public func install(in state: LuaState, _ module: LuaTable) throws {
    let open = LuaNativeFunction { [self] call in
      let point = StopPoint(place: try call.string(1))
      if let server = server.withLock({ $0 }) {
        server.serve(point)
      } else if !begin(point) {
        notice("imagine.repl() at \(point.place) goes on: there is no terminal to type at")
        return .none
      }
      return try call.results(call.state.userdata(point, StopPoint.type))
    }
    let enter = LuaNativeFunction { call in
      let point = try call.userdata(1, StopPoint.type)
      guard case .function(let function) = try call.value(2) else { return .none }
      for (position, name) in try function.upvalueNames().enumerated() {
        point.runner.locals.set(
          name, to: .init(holder: function, position: position + 1, isConstant: false))
      }
      return .none
    }
    let define = LuaNativeFunction { call in
      let point = try call.userdata(1, StopPoint.type)
      try point.runner.locals.set(
        call.string(2), to: call.value(3), isConstant: false, call.state)
      return .none
    }
    let read = LuaNativeFunction.async { call in
      let point = try call.userdata(1, StopPoint.type)
      return LuaAsyncCall(purpose: "a statement at the prompt") {
        await point.next() != nil
      } completion: { state, hasStatement in
        try state.results(hasStatement)
      }
    }
    let evaluate = LuaNativeFunction { call in
      try call.userdata(1, StopPoint.type).evaluate(call.state)
      return .none
    }
    let value = LuaNativeFunction { call in
      let point = try call.userdata(1, StopPoint.type)
      return try call.results(point.runner.locals.value(call.string(2)) ?? .nil)
    }
    let leave = LuaNativeFunction { [self] call in
      try call.userdata(1, StopPoint.type).whenLeft(server.withLock { $0 }?.toTerminal)
      return .none
    }
    let results = try state.load(Self.source, name: "=[imagine]")
      .call(open, enter, define, read, evaluate, value, leave)
    if let function = results.first { try module.set("repl", to: function) }
  }

  /// The locals are copied in, and written back where a statement has changed them; upvalues are
  /// shared. The library `debug` may be gone when a script calls the function.
  private static let source = """
    local open, enter, define, read, evaluate, value, leave = ...
    local getlocal, setlocal, getinfo = debug.getlocal, debug.setlocal, debug.getinfo
    local rawequal, pairs, select, error = rawequal, pairs, select, error
    return function(...)
      if select("#", ...) > 0 then error("repl takes no arguments", 2) end
      local info = getinfo(2, "Slf")
      if not info then return end
      local point = open(info.short_src .. ":" .. info.currentline)
      if not point then return end
      enter(point, info.func)
      local names, values = {}, {}
      local index = 1
      while true do
        local name, content = getlocal(2, index)
        if not name then break end
        -- Others have names in brackets.
        if name:byte() ~= 40 then
          names[name] = index
          define(point, name, content)
          values[name] = content
        end
        index = index + 1
      end
      while read(point) do
        evaluate(point)
        for name, position in pairs(names) do
          local content = value(point, name)
          if not rawequal(content, values[name]) then
            setlocal(2, position, content)
            values[name] = content
          end
        end
      end
      leave(point)
    end
    """
}

/// A script or task that has stopped, and the statements that are run there.
public final class StopPoint: Sendable {
  static let type = LuaUserdataType<StopPoint>(name: "imagine.stop") { _ in }

  typealias Work = @Sendable (LuaState) -> Void

  private struct Queue {
    var works: [(number: Int, work: Work)] = []
    var waiting: CheckedContinuation<Void, Never>?
    var hasEnded = false
    var count = 0
    var whenCancelled: (@Sendable () -> Void)?
    /// Whether the wait for statements ended because the script or task was cancelled.
    var wasCancelled = false
  }

  /// The file and line.
  let place: String
  /// Belongs to the Lua thread.
  let runner = StatementRunner()
  private let queue = Mutex(Queue())
  /// Whether the statement that called it has the terminal.
  private let isForeground = Mutex(false)

  init(place: String) { self.place = place }

  func setForeground() { isForeground.withLock { $0 = true } }

  /// Queues a statement; what it returns takes it back, and is false if it has begun.
  func post(_ work: @escaping Work) -> @Sendable () -> Bool {
    let number = queue.withLock { queue in
      queue.count += 1
      queue.works.append((queue.count, work))
      queue.waiting?.resume()
      queue.waiting = nil
      return queue.count
    }
    return { [self] in
      queue.withLock { queue in
        guard let index = queue.works.firstIndex(where: { $0.number == number }) else {
          return false
        }
        queue.works.remove(at: index)
        return true
      }
    }
  }

  /// The script goes on.
  func end() {
    queue.withLock { queue in
      queue.hasEnded = true
      queue.whenCancelled = nil
      queue.waiting?.resume()
      queue.waiting = nil
    }
  }

  /// Calls a closure if the script or task is cancelled before it goes on; at once if it is already.
  func whenCancelled(_ call: @escaping @Sendable () -> Void) {
    let isLate = queue.withLock { queue in
      if !queue.wasCancelled, !queue.hasEnded { queue.whenCancelled = call }
      return queue.wasCancelled
    }
    if isLate { call() }
  }

  /// Waits for a statement; nil when the script shall go on.
  fileprivate func next() async -> Bool? {
    while true {
      let found: Bool?? = queue.withLock { queue in
        if !queue.works.isEmpty { return true }
        return queue.hasEnded || Task.isCancelled ? .some(nil) : .none
      }
      if let found {
        if found == nil, Task.isCancelled {
          let call = queue.withLock { queue in
            queue.wasCancelled = true
            defer { queue.whenCancelled = nil }
            return queue.whenCancelled
          }
          call?()
        }
        return found
      }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          queue.withLock { queue in
            if !queue.works.isEmpty || queue.hasEnded || Task.isCancelled {
              continuation.resume()
            } else {
              queue.waiting = continuation
            }
          }
        }
      } onCancel: {
        queue.withLock { queue in
          queue.waiting?.resume()
          queue.waiting = nil
        }
      }
    }
  }

  /// Runs the next statement. On the Lua thread.
  fileprivate func evaluate(_ state: LuaState) {
    let work = queue.withLock { $0.works.isEmpty ? nil : $0.works.removeFirst().work }
    work?(state)
  }

  fileprivate func whenLeft(_ toTerminal: (@Sendable () -> Void)?) {
    if isForeground.withLock({ $0 }) { toTerminal?() }
  }
}
