import CLua
import Synchronization

/// The memory limit and use of a state. The state and every reservation retain it.
///
/// `@unchecked Sendable`: the Lua thread owns it; the C functions access what other threads use
/// atomically.
final class MemoryAccount: @unchecked Sendable {
  let memory = UnsafeMutablePointer<clua_memory>.allocate(capacity: 1)

  init(limit: Int) {
    memory.initialize(to: clua_memory())
    memory.pointee.limit = limit
  }

  deinit {
    memory.deallocate()
  }
}

/// Bytes that host code holds for a script. They count against the memory limit of the script's
/// state until ``release()`` or deinitialization.
///
/// Any thread may use it.
public final class LuaMemoryReservation: Sendable {
  private let account: MemoryAccount
  private let bytes: Mutex<Int>

  fileprivate init(_ account: MemoryAccount) {
    self.account = account
    bytes = Mutex(0)
  }

  deinit {
    release()
  }

  /// The number of reserved bytes.
  public var byteCount: Int { bytes.withLock { $0 } }

  /// Reserves `count` more bytes; call it before allocating them. On the Lua thread it collects
  /// garbage if there is no room.
  /// - Throws: ``LuaError`` of kind `memory`, "not enough memory", if the limit leaves no room;
  ///   earlier reservations stay.
  public func grow(by count: Int) throws {
    if count <= 0 { return }
    var hasRoom = clua_reserve(account.memory, count)
    if !hasRoom, let state = LuaState.current, state.account === account {
      try state.collectGarbage()
      hasRoom = clua_reserve(account.memory, count)
    }
    guard hasRoom else { throw LuaError("not enough memory", kind: .memory) }
    bytes.withLock { $0 += count }
  }

  /// Releases all reserved bytes.
  public func release() {
    let count = bytes.withLock { bytes in
      defer { bytes = 0 }
      return bytes
    }
    if count > 0 { clua_unreserve(account.memory, count) }
  }
}

extension LuaState {
  /// Reserves memory that host code is about to allocate for a script, such as the bytes of a file.
  /// ``LuaConfiguration/memoryLimit`` limits the sum of Lua's memory and all reservations.
  ///
  /// ```swift
  /// let memory = try call.state.reserve(bytes: size)
  /// defer { memory.release() }
  /// let bytes = try read(file, count: size)
  /// return try call.results(LuaString(bytes))
  /// ```
  ///
  /// If the size is unknown, grow the reservation before each chunk that is read.
  /// - Throws: ``LuaError`` of kind `memory`, "not enough memory", if the limit leaves no room even
  ///   after a collection. Let it propagate to the script, which may catch it.
  public func reserve(bytes count: Int = 0) throws -> LuaMemoryReservation {
    let reservation = LuaMemoryReservation(account)
    try reservation.grow(by: count)
    return reservation
  }
}
