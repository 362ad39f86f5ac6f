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

extern "C" void peer_step(int32_t step, const uint8_t *file, uint64_t count) {
  static const int started = VIPS_INIT("step-benchmarks");
  (void)started;
  void *data = const_cast<uint8_t *>(file);
  VipsImage *in = nullptr, *out = nullptr, *other = nullptr;
  if (step == PEER_CONVERT) {
    vips_thumbnail_buffer(data, count, &out, 512, nullptr);
  } else {
    vips_jpegload_buffer(data, count, &in, nullptr);
    switch (step) {
      case PEER_CROP: vips_extract_area(in, &out, 256, 256, 512, 512, nullptr); break;
      case PEER_PAD: vips_embed(in, &out, 24, 24, in->Xsize + 48, in->Ysize + 48, nullptr); break;
      case PEER_ROTATE: vips_rotate(in, &out, 30, nullptr); break;
      case PEER_FLIP: vips_flip(in, &out, VIPS_DIRECTION_HORIZONTAL, nullptr); break;
      case PEER_ADJUST: vips_linear1(in, &out, 1.2, -10, "uchar", TRUE, nullptr); break;
      case PEER_PASTE:
        vips_extract_area(in, &other, 0, 0, 256, 256, nullptr);
        vips_composite2(in, other, &out, VIPS_BLEND_MODE_OVER, "x", 64, "y", 64, nullptr);
        break;
      default: {
        VipsImage *text = nullptr;
        vips_text(&text, "Sunset", "font", "Sans Bold 51px", "dpi", 72, nullptr);
        VipsImage *placed = nullptr;
        vips_embed(text, &placed, 400, 900, in->Xsize, in->Ysize, nullptr);
        double white[] = {255, 255, 255};
        VipsImage *ink = vips_image_new_from_image(in, white, 3);
        vips_ifthenelse(placed, ink, in, &out, "blend", TRUE, nullptr);
        g_object_unref(text);
        g_object_unref(placed);
        g_object_unref(ink);
      }
    }
  }
  void *bytes = nullptr;
  size_t size = 0;
  if (step == PEER_CONVERT)
    vips_jpegsave_buffer(out, &bytes, &size, "Q", 90, nullptr);
  else
    vips_pngsave_buffer(out, &bytes, &size, nullptr);
  g_free(bytes);
  g_object_unref(out);
  if (other != nullptr) g_object_unref(other);
  if (in != nullptr) g_object_unref(in);
}

extern "C" void peer_give_back_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
