import CLua
import Synchronization

/// What a state may hold and holds; lives as long as the state and every reservation.
///
/// `@unchecked Sendable`: the C functions that use it say which thread may; all that other threads
/// touch is atomic.
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

/// Bytes that host code holds on behalf of a script, counted against the memory limit of the
/// script's state until they are given back: by ``release()``, or when this is not used any more.
///
/// It may be used on any thread.
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

  /// How many bytes are reserved.
  public var byteCount: Int { bytes.withLock { $0 } }

  /// Reserves so many bytes more; call it before they are taken. On the thread of Lua garbage is
  /// collected first where there is no room.
  /// - Throws: ``LuaError`` of kind `memory`, "not enough memory", where the limit leaves no room;
  ///   what was reserved before stays reserved.
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

  /// Gives all of it back.
  public func release() {
    let count = bytes.withLock { bytes in
      defer { bytes = 0 }
      return bytes
    }
    if count > 0 { clua_unreserve(account.memory, count) }
  }
}

extension LuaState {
  /// Reserves memory that host code is going to take for a script, such as the bytes of a file:
  /// what Lua holds and what is reserved are limited together by
  /// ``LuaConfiguration/memoryLimit``.
  ///
  /// ```swift
  /// let memory = try call.state.reserve(bytes: size)
  /// defer { memory.release() }
  /// let bytes = try read(file, count: size)
  /// return try call.results(LuaString(bytes))
  /// ```
  ///
  /// Where a size is not known before, grow the reservation with each piece that is read.
  /// - Throws: ``LuaError`` of kind `memory`, "not enough memory", where the limit leaves no room
  ///   for them even when garbage is collected. It is thrown on to the script, which may catch it.
  public func reserve(bytes count: Int = 0) throws -> LuaMemoryReservation {
    let reservation = LuaMemoryReservation(account)
    try reservation.grow(by: count)
    return reservation
  }
}
