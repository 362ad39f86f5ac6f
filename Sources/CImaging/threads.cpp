#include <algorithm>

#include <opencv2/core.hpp>

#include "libvips.hpp"

extern "C" void imaging_limit_threads(int32_t count) {
  imaging::guarded(nullptr, [count] {
    imaging::start_vips();
    vips_concurrency_set(std::min(4, count));
    cv::setNumThreads(count);
  });
}
