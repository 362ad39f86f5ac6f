#pragma once

#include <opencv2/core.hpp>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define IMAGING_THREAD_SANITIZER
#endif
#endif

#ifdef IMAGING_THREAD_SANITIZER
extern "C" void __tsan_acquire(void *address);
extern "C" void __tsan_release(void *address);
#endif

namespace imaging {

/// Calls `body` with parts of 0 ..< `count`, several at once, on OpenCV's process-wide threads. What
/// it throws reaches the caller.
///
/// OpenCV is built without ThreadSanitizer, which therefore is told here that the parts begin after
/// the call and end before it returns. So it still finds races between the parts.
template <typename Body>
void parallel_for(int count, const Body &body) {
  class Parts : public cv::ParallelLoopBody {
   public:
    explicit Parts(const Body &body) : body(body) {}
    void operator()(const cv::Range &range) const override {
      acquire();
      try {
        body(range);
      } catch (...) {
        release();
        throw;
      }
      release();
    }
#ifdef IMAGING_THREAD_SANITIZER
    void acquire() const { __tsan_acquire(&order); }
    void release() const { __tsan_release(&order); }
    mutable char order = 0;
#else
    void acquire() const {}
    void release() const {}
#endif

   private:
    const Body &body;
  };
  Parts parts(body);
  parts.release();
  try {
    cv::parallel_for_(cv::Range(0, count), parts);
  } catch (...) {
    parts.acquire();
    throw;
  }
  parts.acquire();
}

}  // namespace imaging
