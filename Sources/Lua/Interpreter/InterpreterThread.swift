import CLua
import Synchronization

/// The thread that runs one Lua state, from opening to closing it.
final class InterpreterThread: Sendable {
  let mailbox: Mailbox
  let configuration: LuaConfiguration
  /// `nil` once somebody has joined or detached it.
  private let thread: Mutex<PosixThread?>
  private let ended: OneShotEvent

  /// Starts the thread and opens the state on it.
  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) throws {
    self.mailbox = mailbox
    self.configuration = configuration
    let body = ThreadBody(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
    ended = body.ended
    let thread = try PosixThread(stackSize: configuration.stackSize) { body.run() }
    self.thread = Mutex(thread)
    do {
      try body.waitUntilOpen()
    } catch {
      thread.join()
      throw error
    }
  }

  var isCurrent: Bool { LuaState.current?.mailbox === mailbox }

  /// Ends the thread after the current run. With `waits`, returns when the thread has ended.
  func close(waits: Bool) {
    mailbox.close()
    if waits { ended.wait() }
    let thread = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if waits { thread?.join() } else { thread?.detach() }
  }

  /// Ends the thread after the current run; returns when it has ended.
  func close() async {
    mailbox.close()
    await withCheckedContinuation { continuation in
      ended.whenSet { continuation.resume() }
    }
    // The thread is at its end.
    close(waits: true)
  }
}

/// The body of the thread, shared with the thread that waits until the state is open.
///
/// `@unchecked Sendable`: `failure` is written before `opened` is set and read after it.
private final class ThreadBody: @unchecked Sendable {
  let mailbox: Mailbox
  let interrupter: Interrupter
  let configuration: LuaConfiguration
  let ended = OneShotEvent()
  private let opened = OneShotEvent()
  private var failure: (any Error)?

  init(mailbox: Mailbox, interrupter: Interrupter, configuration: LuaConfiguration) {
    self.mailbox = mailbox
    self.interrupter = interrupter
    self.configuration = configuration
  }

  func waitUntilOpen() throws {
    opened.wait()
    if let failure { throw failure }
  }

  func run() {
    defer {
      interrupter.finish()
      ended.set()
    }
    let state = LuaState(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
    do {
      try state.open()
    } catch {
      failure = error
      state.close()
      opened.set()
      return
    }
    mailbox.attach(state.host)
    opened.set()
    state.runLoop()
    mailbox.attach(nil)
    state.close()
    for run in mailbox.takeAllRuns() { run.reject() }
  }
}
