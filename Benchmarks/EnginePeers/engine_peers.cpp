#include "engine_peers.h"

#include <vips/vips.h>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

cv::Mat picture(const uint8_t *pixels, int32_t width, int32_t height) {
  return cv::Mat(height, width, CV_8UC3, const_cast<uint8_t *>(pixels));
}

VipsImage *image(const uint8_t *pixels, int32_t width, int32_t height) {
  static const int started = VIPS_INIT("engine-benchmarks");
  (void)started;
  return vips_image_new_from_memory(
      pixels, size_t(width) * height * 3, width, height, 3, VIPS_FORMAT_UCHAR);
}

}  // namespace

extern "C" void peer_grab_cut(const uint8_t *pixels, int32_t width, int32_t height) {
  cv::Mat mask, background, foreground;
  cv::Rect within(width / 8, height / 8, width * 3 / 4, height * 3 / 4);
  cv::grabCut(
      picture(pixels, width, height), mask, within, background, foreground, 4,
      cv::GC_INIT_WITH_RECT);
}

extern "C" void peer_resize(
    const uint8_t *pixels, int32_t width, int32_t height, double across, double down) {
  VipsImage *in = image(pixels, width, height);
  VipsImage *out = nullptr;
  vips_resize(in, &out, across, "vscale", down, nullptr);
  size_t size = 0;
  g_free(vips_image_write_to_memory(out, &size));
  g_object_unref(out);
  g_object_unref(in);
}

extern "C" void peer_inpaint(
    const uint8_t *pixels, int32_t width, int32_t height, const uint8_t *mask) {
  cv::Mat hole(height, width, CV_8U, const_cast<uint8_t *>(mask));
  cv::Mat result;
  cv::inpaint(picture(pixels, width, height), hole, result, 5, cv::INPAINT_TELEA);
}

extern "C" void peer_png_save(const uint8_t *pixels, int32_t width, int32_t height) {
  VipsImage *in = image(pixels, width, height);
  void *bytes = nullptr;
  size_t count = 0;
  vips_pngsave_buffer(in, &bytes, &count, nullptr);
  g_free(bytes);
  g_object_unref(in);
}

extern "C" void peer_give_back_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
