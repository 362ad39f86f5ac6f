// Swift's `Mutex` waits in a library that is built without ThreadSanitizer, which then sees no order
// between two threads that met at it, and reports what the mutex protects as a race. In sanitized
// programs these two functions stand in for those of the library: the same system calls, told to the
// sanitizer.
#if defined(__linux__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define METHOD __attribute__((swiftcall)) void
#define SELF __attribute__((swift_context)) _Atomic uint32_t *word
#define NAME(mangled) __asm__("$s15Synchronization12_MutexHandleV" mangled)

METHOD lock_slowly(uint32_t thread, SELF) NAME("9_lockSlowyys6UInt32VF");
METHOD unlock_slowly(SELF) NAME("11_unlockSlowyyF");

static void call(_Atomic uint32_t *word, int operation) {
  while (syscall(SYS_futex, word, operation, 0, NULL, NULL, 0) != 0)
    // A thread that locks what it has locked ends here, as in the library.
    if (errno != EINTR && errno != EAGAIN) __builtin_trap();
}

METHOD lock_slowly(uint32_t thread, SELF) {
  (void)thread;
  call(word, FUTEX_LOCK_PI_PRIVATE);
  __tsan_acquire(word);
}

METHOD unlock_slowly(SELF) {
  __tsan_release(word);
  call(word, FUTEX_UNLOCK_PI_PRIVATE);
}

#endif
#endif
