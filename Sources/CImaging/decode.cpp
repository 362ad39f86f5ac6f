// Reads image files through libvips.

#include "imaging.h"
#include "libvips.hpp"

namespace {

using imaging::Failure;
using imaging::Image;

const char *name(int32_t format) {
  switch (format) {
    case IMAGING_PNG: return "PNG";
    case IMAGING_JPEG: return "JPEG";
    case IMAGING_WEBP: return "WebP";
    case IMAGING_AVIF: return "AVIF";
    case IMAGING_TIFF: return "TIFF";
    default: return "GIF";
  }
}

/// Runs `body`, which reads a file; a failure of libvips in it counts as the file's fault.
template <typename Body>
void reading(int32_t format, const ImagingControl *control, Body body) {
  imaging::start_vips();
  try {
    body();
  } catch (const imaging::VipsFailure &) {
    imaging::check(control);
    throw Failure{
        IMAGING_UNUSABLE, std::string("it is a damaged ") + name(format) +
                              " file, or of an unsupported kind"};
  }
}

/// Opens a file with the one loader that fits its first bytes. Only the header is read; the rows
/// come once, from the top.
VipsImage *open(const uint8_t *bytes, size_t count, int32_t format, int32_t shrink = 1) {
  void *data = const_cast<uint8_t *>(bytes);
  VipsImage *image = nullptr;
  auto load = [&](int (*loader)(void *, size_t, VipsImage **, ...)) {
    loader(
        data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, "access", VIPS_ACCESS_SEQUENTIAL,
        nullptr);
  };
  switch (format) {
    case IMAGING_PNG: load(vips_pngload_buffer); break;
    case IMAGING_JPEG:
      vips_jpegload_buffer(
          data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, "access", VIPS_ACCESS_SEQUENTIAL,
          "shrink", shrink, nullptr);
      break;
    case IMAGING_WEBP: load(vips_webpload_buffer); break;
    case IMAGING_AVIF: load(vips_heifload_buffer); break;
    case IMAGING_TIFF: load(vips_tiffload_buffer); break;
    default: load(vips_gifload_buffer);
  }
  // When several threads wait for rows, libvips before 8.15.4 may lose the last ones' failure, and
  // a truncated file becomes an image with black parts.
  if (image != nullptr) vips_image_set_int(image, VIPS_META_CONCURRENCY, 1);
  return image;
}

ImagingHeader header_of(VipsImage *image) {
  ImagingHeader header = {};
  header.width = vips_image_get_width(image);
  header.height = vips_image_get_height(image);
  header.bands = vips_image_get_bands(image);
  header.sample_size = int32_t(vips_format_sizeof(vips_image_get_format(image)));
  header.has_alpha = vips_image_hasalpha(image) ? 1 : 0;
  return header;
}

/// Converts to sRGB by the file's own profile; CMYK without one by a usual profile.
void apply_profile(Image &image) {
  bool has_profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
  bool is_cmyk = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
  if (!has_profile && !is_cmyk) return;
  VipsImage *result = nullptr;
  if (vips_icc_transform(
          image, &result, "srgb", "embedded", TRUE, "input_profile", is_cmyk ? "cmyk" : "srgb",
          "depth", 8, nullptr) == 0) {
    image.become(result);
  } else {
    // Profiles that do not fit their pixels are common; ignore them.
    vips_error_clear();
  }
}

/// sRGB, 8 bits, 3 or 4 channels.
void normalize(Image &image) {
  apply_profile(image);
  if (vips_image_get_interpretation(image) != VIPS_INTERPRETATION_sRGB)
    image.step([](VipsImage *in, VipsImage **out) {
      return vips_colourspace(in, out, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  if (vips_image_get_format(image) != VIPS_FORMAT_UCHAR)
    image.step([](VipsImage *in, VipsImage **out) {
      return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr);
    });
  int bands = vips_image_get_bands(image);
  if (bands > 4)
    image.step([](VipsImage *in, VipsImage **out) {
      return vips_extract_band(in, out, 0, "n", 4, nullptr);
    });
  if (bands < 3) throw Failure{IMAGING_UNUSABLE, "its colour format is not supported"};
}

/// Turns an image upright, by EXIF's numbering.
ImagingPicture upright(ImagingPicture stored, int32_t orientation) {
  if (orientation <= 1 || orientation > 8) return stored;
  bool is_turned = orientation >= 5;
  int32_t width = stored.width, height = stored.height, channels = stored.channels;
  size_t size = size_t(width) * size_t(height) * size_t(channels);
  ImagingPicture result = stored;
  result.pixels = static_cast<uint8_t *>(imaging_allocate(size));
  if (result.pixels == nullptr) {
    imaging_free(stored.pixels);
    throw std::bad_alloc();
  }
  if (is_turned) std::swap(result.width, result.height);
  // The position of a stored pixel: (x, y), mirrored or transposed.
  bool is_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool is_down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int32_t y = 0; y < height; y++) {
    int32_t down = is_down ? height - 1 - y : y;
    const uint8_t *from = stored.pixels + size_t(y) * size_t(width) * size_t(channels);
    for (int32_t x = 0; x < width; x++, from += channels) {
      int32_t right = is_right ? width - 1 - x : x;
      size_t at = is_turned ? size_t(right) * size_t(height) + size_t(down)
                            : size_t(down) * size_t(width) + size_t(right);
      std::memcpy(result.pixels + at * size_t(channels), from, size_t(channels));
    }
  }
  imaging_free(stored.pixels);
  return result;
}

}  // namespace

extern "C" int imaging_read_header(
    const uint8_t *bytes, size_t count, int32_t format, ImagingHeader *header,
    ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    reading(format, nullptr, [&] {
      Image image(open(bytes, count, format));
      *header = header_of(image);
    });
  });
}

extern "C" int imaging_decode(
    const uint8_t *bytes, size_t count, int32_t format, int32_t orientation, int32_t shrink,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    reading(format, control, [&] {
      Image image(open(bytes, count, format, shrink));
      imaging::StopGuard guard(image, control);
      normalize(image);
      *picture = upright(imaging::pixels_of(image), orientation);
      // Drop warnings about an image that was read successfully.
      vips_error_clear();
    });
  });
}
