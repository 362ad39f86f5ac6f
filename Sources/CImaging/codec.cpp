// Reading, writing and scaling files of pictures, by libvips.

#include <vips/vips.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "fault.hpp"
#include "imaging.h"

namespace {

using imaging::Failure;

void start() {
  static std::once_flag once;
  static bool started = false;
  std::call_once(once, [] {
    started = VIPS_INIT("imagine") == 0;
    // Nothing is decoded twice, so a cache of operations would only hold memory.
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
  });
  if (!started) throw Failure{IMAGING_FAILED, "libvips did not start"};
}

/// The message that libvips left, on one line.
std::string vips_message() {
  std::string text = vips_error_buffer();
  vips_error_clear();
  for (char &character : text)
    if (character == '\n') character = ' ';
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.empty() ? "libvips failed without a reason" : text;
}

/// Owns one reference to an image; `step` replaces it by what an operation made of it.
class Image {
 public:
  explicit Image(VipsImage *image, int32_t kind = IMAGING_FAILED) : image_(image) {
    if (image_ == nullptr) throw Failure{kind, vips_message()};
  }
  ~Image() { g_object_unref(image_); }
  Image(const Image &) = delete;
  Image &operator=(const Image &) = delete;

  operator VipsImage *() const { return image_; }

  template <typename Operation>
  void step(int32_t kind, Operation operation) {
    VipsImage *result = nullptr;
    if (operation(image_, &result) != 0) throw Failure{kind, vips_message()};
    g_object_unref(image_);
    image_ = result;
  }

 private:
  VipsImage *image_;
};

bool begins(const uint8_t *bytes, size_t count, const char *text, size_t length, size_t at = 0) {
  return count >= at + length && std::memcmp(bytes + at, text, length) == 0;
}

int32_t sniff(const uint8_t *bytes, size_t count) {
  if (begins(bytes, count, "\x89PNG\r\n\x1a\n", 8)) return IMAGING_PNG;
  if (begins(bytes, count, "\xff\xd8\xff", 3)) return IMAGING_JPEG;
  if (begins(bytes, count, "RIFF", 4) && begins(bytes, count, "WEBP", 4, 8)) return IMAGING_WEBP;
  if (begins(bytes, count, "ftyp", 4, 4) &&
      (begins(bytes, count, "avif", 4, 8) || begins(bytes, count, "avis", 4, 8) ||
       begins(bytes, count, "mif1", 4, 8)))
    return IMAGING_AVIF;
  if (begins(bytes, count, "II*\0", 4) || begins(bytes, count, "MM\0*", 4)) return IMAGING_TIFF;
  if (begins(bytes, count, "GIF87a", 6) || begins(bytes, count, "GIF89a", 6)) return IMAGING_GIF;
  throw Failure{
      IMAGING_UNUSABLE,
      count == 0 ? "it is empty" : "it is no PNG, JPEG, WebP, AVIF, TIFF or GIF file"};
}

/// Opens a file with the one loader that its first bytes call for. Only the header is read.
VipsImage *open(const uint8_t *bytes, size_t count, int32_t format) {
  void *data = const_cast<uint8_t *>(bytes);
  VipsImage *image = nullptr;
  switch (format) {
    case IMAGING_PNG:
      vips_pngload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
      break;
    case IMAGING_JPEG:
      vips_jpegload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
      break;
    case IMAGING_WEBP:
      vips_webpload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
      break;
    case IMAGING_AVIF:
      vips_heifload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
      break;
    case IMAGING_TIFF:
      vips_tiffload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
      break;
    default:
      vips_gifload_buffer(data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
  }
  return image;
}

ImagingHeader header_of(VipsImage *image, int32_t format) {
  ImagingHeader header = {};
  header.format = format;
  header.width = vips_image_get_width(image);
  header.height = vips_image_get_height(image);
  if (vips_image_get_orientation_swap(image)) std::swap(header.width, header.height);
  header.has_alpha = vips_image_hasalpha(image) ? 1 : 0;
  return header;
}

/// Upright, sRGB, 8 bits, 3 or 4 channels.
void normalize(Image &image) {
  image.step(IMAGING_UNUSABLE, [](VipsImage *in, VipsImage **out) {
    return vips_autorot(in, out, nullptr);
  });
  bool has_profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
  bool is_cmyk = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
  if (has_profile || is_cmyk) {
    // A profile that does not fit its pixels is common; the pixels then speak for themselves.
    VipsImage *result = nullptr;
    if (vips_icc_transform(
            image, &result, "srgb", "embedded", TRUE, "input_profile", is_cmyk ? "cmyk" : "srgb",
            "depth", 8, nullptr) == 0) {
      Image transformed(result);
      image.step(IMAGING_UNUSABLE, [&](VipsImage *, VipsImage **out) {
        return vips_copy(transformed, out, nullptr);
      });
    } else {
      vips_error_clear();
    }
  }
  if (vips_image_get_interpretation(image) != VIPS_INTERPRETATION_sRGB)
    image.step(IMAGING_UNUSABLE, [](VipsImage *in, VipsImage **out) {
      return vips_colourspace(in, out, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  if (vips_image_get_format(image) != VIPS_FORMAT_UCHAR)
    image.step(IMAGING_UNUSABLE, [](VipsImage *in, VipsImage **out) {
      return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr);
    });
  int bands = vips_image_get_bands(image);
  if (bands > 4)
    image.step(IMAGING_UNUSABLE, [](VipsImage *in, VipsImage **out) {
      return vips_extract_band(in, out, 0, "n", 4, nullptr);
    });
  if (bands < 3) throw Failure{IMAGING_UNUSABLE, "its colours cannot be read"};
}

ImagingPicture pixels_of(VipsImage *image) {
  size_t size = 0;
  void *pixels = vips_image_write_to_memory(image, &size);
  if (pixels == nullptr) throw Failure{IMAGING_UNUSABLE, vips_message()};
  return ImagingPicture{
      static_cast<uint8_t *>(pixels), vips_image_get_width(image), vips_image_get_height(image),
      vips_image_get_bands(image)};
}

VipsImage *wrap(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels) {
  VipsImage *image = vips_image_new_from_memory(
      pixels, size_t(width) * size_t(height) * size_t(channels), width, height, channels,
      VIPS_FORMAT_UCHAR);
  if (image != nullptr) image->Type = VIPS_INTERPRETATION_sRGB;
  return image;
}

int save(VipsImage *image, int32_t format, int32_t quality, void **data, size_t *count) {
  switch (format) {
    case IMAGING_PNG:
      // A low level with one filter: grain hardly compresses, and time is what is short.
      return vips_pngsave_buffer(
          image, data, count, "compression", 2, "filter", VIPS_FOREIGN_PNG_FILTER_SUB, nullptr);
    case IMAGING_JPEG:
      return vips_jpegsave_buffer(
          image, data, count, "Q", quality, "optimize_coding", TRUE, nullptr);
    case IMAGING_WEBP:
      return vips_webpsave_buffer(image, data, count, "Q", quality, nullptr);
    case IMAGING_AVIF:
      return vips_heifsave_buffer(
          image, data, count, "Q", quality, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
          "effort", 2, nullptr);
    default:
      throw Failure{IMAGING_UNUSABLE, "this format is not written"};
  }
}

}  // namespace

extern "C" int imaging_start(ImagingFault *fault) {
  return imaging::guarded(fault, [] { start(); });
}

extern "C" void imaging_free(void *memory) { g_free(memory); }

extern "C" void *imaging_allocate(size_t size) { return g_try_malloc(size); }

extern "C" int imaging_read_header(
    const uint8_t *bytes, size_t count, ImagingHeader *header, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    start();
    int32_t format = sniff(bytes, count);
    Image image(open(bytes, count, format), IMAGING_UNUSABLE);
    *header = header_of(image, format);
  });
}

extern "C" int imaging_decode(
    const uint8_t *bytes, size_t count, int64_t pixel_limit, ImagingPicture *picture,
    ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    start();
    int32_t format = sniff(bytes, count);
    Image image(open(bytes, count, format), IMAGING_UNUSABLE);
    int64_t area = int64_t(vips_image_get_width(image)) * vips_image_get_height(image);
    if (area > pixel_limit)
      throw Failure{
          IMAGING_UNUSABLE, "it has " + std::to_string(area) + " pixels; the limit is " +
                                std::to_string(pixel_limit)};
    normalize(image);
    *picture = pixels_of(image);
  });
}

extern "C" int imaging_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t format,
    int32_t quality, uint8_t **bytes, size_t *count, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    start();
    Image image(wrap(pixels, width, height, channels));
    if (format == IMAGING_JPEG && channels == 4)
      image.step(IMAGING_FAILED, [](VipsImage *in, VipsImage **out) {
        VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
        int result = vips_flatten(in, out, "background", white, nullptr);
        vips_area_unref(VIPS_AREA(white));
        return result;
      });
    void *data = nullptr;
    size_t size = 0;
    if (save(image, format, std::clamp(quality, 1, 100), &data, &size) != 0)
      throw Failure{IMAGING_FAILED, vips_message()};
    *bytes = static_cast<uint8_t *>(data);
    *count = size;
  });
}

extern "C" int imaging_resize(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t new_width,
    int32_t new_height, ImagingPicture *picture, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    start();
    Image image(wrap(pixels, width, height, channels));
    if (channels == 4)
      image.step(IMAGING_FAILED, [](VipsImage *in, VipsImage **out) {
        return vips_premultiply(in, out, nullptr);
      });
    image.step(IMAGING_FAILED, [&](VipsImage *in, VipsImage **out) {
      return vips_resize(
          in, out, double(new_width) / width, "vscale", double(new_height) / height, nullptr);
    });
    if (channels == 4)
      image.step(IMAGING_FAILED, [](VipsImage *in, VipsImage **out) {
        return vips_unpremultiply(in, out, nullptr);
      });
    image.step(IMAGING_FAILED, [](VipsImage *in, VipsImage **out) {
      return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr);
    });
    // vips_resize rounds a side to the nearest pixel, which a scale by division may miss by one.
    if (vips_image_get_width(image) != new_width || vips_image_get_height(image) != new_height)
      image.step(IMAGING_FAILED, [&](VipsImage *in, VipsImage **out) {
        return vips_gravity(
            in, out, VIPS_COMPASS_DIRECTION_CENTRE, new_width, new_height, "extend",
            VIPS_EXTEND_COPY, nullptr);
      });
    *picture = pixels_of(image);
  });
}
