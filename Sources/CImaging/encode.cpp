// Writes and scales images; all formats but PNG through libvips.

#include <vips/vips.h>

#include <algorithm>
#include <cstring>

#include "imaging.h"
#include "libvips.hpp"
#include "png.hpp"

namespace {

using imaging::Failure;
using imaging::Image;

int save(
    VipsImage *image, int32_t format, int32_t quality, bool is_compact, void **data, size_t *count) {
  switch (format) {
    case IMAGING_JPEG:
      return vips_jpegsave_buffer(
          image, data, count, "Q", quality, "optimize_coding", is_compact, "strip", TRUE, nullptr);
    case IMAGING_WEBP:
      if (std::max(vips_image_get_width(image), vips_image_get_height(image)) > 16383)
        throw Failure{IMAGING_UNUSABLE, "a WebP image has at most 16383 pixels per side"};
      return vips_webpsave_buffer(image, data, count, "Q", quality, "strip", TRUE, nullptr);
    case IMAGING_AVIF:
      return vips_heifsave_buffer(
          image, data, count, "Q", quality, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
          "effort", 2, "strip", TRUE, nullptr);
    default:
      throw Failure{IMAGING_UNUSABLE, "this format cannot be written"};
  }
}

VipsKernel kernel_of(int32_t kernel) {
  switch (kernel) {
    case IMAGING_CUBIC: return VIPS_KERNEL_CUBIC;
    case IMAGING_LINEAR: return VIPS_KERNEL_LINEAR;
    case IMAGING_NEAREST: return VIPS_KERNEL_NEAREST;
    default: return VIPS_KERNEL_LANCZOS3;
  }
}

uint32_t little(const uint8_t *bytes) {
  return uint32_t(bytes[0]) | uint32_t(bytes[1]) << 8 | uint32_t(bytes[2]) << 16 |
         uint32_t(bytes[3]) << 24;
}

/// Removes the EXIF chunk from a WebP file: libvips writes one even when told to strip, with a
/// header flag that other readers reject.
///
/// Returns the number of bytes left.
size_t cut_exif(uint8_t *file, size_t count) {
  size_t at = 12;
  while (at + 8 <= count) {
    size_t size = 8 + (size_t(little(file + at + 4)) + 1) / 2 * 2;
    if (size > count - at) break;
    if (std::memcmp(file + at, "VP8X", 4) == 0) file[at + 8] &= uint8_t(~0x08);
    if (std::memcmp(file + at, "EXIF", 4) == 0) {
      std::memmove(file + at, file + at + size, count - at - size);
      count -= size;
    } else {
      at += size;
    }
  }
  for (int i = 0; i < 4; i++) file[4 + i] = uint8_t((count - 8) >> (8 * i));
  return count;
}

}  // namespace

extern "C" int imaging_encode(
    uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t is_last_use,
    int32_t format, int32_t quality, int32_t is_compact, const ImagingControl *control,
    uint8_t **bytes, size_t *count, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    if (format == IMAGING_PNG) {
      *bytes = imaging::write_png(
          pixels, width, height, channels, is_last_use != 0, control, count);
      return;
    }
    imaging::start_vips();
    Image image(imaging::wrap(pixels, width, height, channels));
    imaging::StopGuard guard(image, control);
    if (format == IMAGING_JPEG && channels == 4)
      image.step([](VipsImage *in, VipsImage **out) {
        VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
        int result = vips_flatten(in, out, "background", white, nullptr);
        vips_area_unref(VIPS_AREA(white));
        return result;
      });
    void *data = nullptr;
    size_t size = 0;
    if (save(image, format, std::clamp(quality, 1, 100), is_compact != 0, &data, &size) != 0) {
      imaging::check(control);
      throw imaging::VipsFailure();
    }
    *bytes = static_cast<uint8_t *>(data);
    *count = format == IMAGING_WEBP ? cut_exif(*bytes, size) : size;
  });
}

extern "C" int imaging_resize(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t new_width,
    int32_t new_height, int32_t kernel, const ImagingControl *control, ImagingPicture *picture,
    ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    imaging::start_vips();
    Image image(imaging::wrap(pixels, width, height, channels));
    imaging::StopGuard guard(image, control);
    if (channels == 4)
      image.step([](VipsImage *in, VipsImage **out) {
        return vips_premultiply(in, out, nullptr);
      });
    image.step([&](VipsImage *in, VipsImage **out) {
      return vips_resize(
          in, out, double(new_width) / width, "vscale", double(new_height) / height, "kernel",
          kernel_of(kernel), nullptr);
    });
    if (channels == 4) {
      image.step([](VipsImage *in, VipsImage **out) {
        return vips_unpremultiply(in, out, nullptr);
      });
      image.step([](VipsImage *in, VipsImage **out) { return vips_rint(in, out, nullptr); });
    }
    image.step([](VipsImage *in, VipsImage **out) {
      return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr);
    });
    // vips_resize rounds a side to the nearest pixel, so a scale computed by division may be off by
    // one.
    if (vips_image_get_width(image) != new_width || vips_image_get_height(image) != new_height)
      image.step([&](VipsImage *in, VipsImage **out) {
        return vips_gravity(
            in, out, VIPS_COMPASS_DIRECTION_CENTRE, new_width, new_height, "extend",
            VIPS_EXTEND_COPY, nullptr);
      });
    try {
      *picture = imaging::pixels_of(image);
    } catch (const imaging::VipsFailure &) {
      imaging::check(control);
      throw;
    }
  });
}
