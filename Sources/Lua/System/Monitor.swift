import CLua

/// A mutex with one condition variable.
///
/// `@unchecked Sendable`: both stay at one address until `deinit`, and any thread may use them.
struct Monitor: ~Copyable, @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    #if !canImport(Darwin)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    #endif
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Wakes one waiting thread.
  func signal() {
    pthread_cond_signal(condition)
  }

  /// Wakes all waiting threads.
  func broadcast() {
    pthread_cond_broadcast(condition)
  }

  // MARK: Inside `withLock`

  /// Runs `body` without the lock.
  func unlocked(_ body: () -> Void) {
    pthread_mutex_unlock(mutex)
    body()
    pthread_mutex_lock(mutex)
  }

  /// Waits for a signal, or until a time of ``MonotonicClock``; `nil` means no limit. May return
  /// early, as condition variables do. Returns false after a timeout.
  @discardableResult
  func wait(until deadline: UInt64? = nil) -> Bool {
    guard let deadline else {
      pthread_cond_wait(condition, mutex)
      return true
    }
    #if canImport(Darwin)
      let now = MonotonicClock.now
      guard deadline > now else { return false }
      var time = timespec(nanoseconds: deadline - now)
      return pthread_cond_timedwait_relative_np(condition, mutex, &time) != ETIMEDOUT
    #else
      var time = timespec(nanoseconds: deadline)
      return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    #endif
  }
}

extension timespec {
  fileprivate init(nanoseconds: UInt64) {
    self.init(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  }
}

/// An event that happens once. Threads can wait for it.
///
/// `@unchecked Sendable`: `monitor` guards `hasHappened` and `observers`.
final class OneShotEvent: @unchecked Sendable {
  private let monitor = Monitor()
  private var hasHappened = false
  private var observers: [@Sendable () -> Void] = []

  func set() {
    let observers = monitor.withLock {
      hasHappened = true
      monitor.broadcast()
      defer { self.observers = [] }
      return self.observers
    }
    for observer in observers { observer() }
  }

  /// Calls `observer` when the event happens, or now if it has.
  func whenSet(_ observer: @escaping @Sendable () -> Void) {
    let isSet = monitor.withLock {
      if !hasHappened { observers.append(observer) }
      return hasHappened
    }
    if isSet { observer() }
  }

  func wait() {
    monitor.withLock {
      while !hasHappened { monitor.wait() }
    }
  }
}
