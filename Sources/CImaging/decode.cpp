// Reading files of pictures, by libvips.

#include "imaging.h"
#include "libvips.hpp"

namespace {

using imaging::Failure;
using imaging::Image;

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

/// Runs `body`, which reads a file; what libvips cannot do with it is the file's fault.
template <typename Body>
void reading(const uint8_t *bytes, size_t count, Body body) {
  imaging::start_vips();
  int32_t format = sniff(bytes, count);
  try {
    body(format);
  } catch (const imaging::VipsFailure &) {
    throw Failure{
        IMAGING_UNUSABLE, std::string("it is a damaged ") + name(format) +
                              " file, or one of a kind that is not read"};
  }
}

/// Opens a file with the one loader that its first bytes call for. Only the header is read; the rows
/// come once, from the top.
VipsImage *open(const uint8_t *bytes, size_t count, int32_t format) {
  void *data = const_cast<uint8_t *>(bytes);
  VipsImage *image = nullptr;
  auto load = [&](int (*loader)(void *, size_t, VipsImage **, ...)) {
    loader(
        data, count, &image, "fail_on", VIPS_FAIL_ON_ERROR, "access", VIPS_ACCESS_SEQUENTIAL,
        nullptr);
  };
  switch (format) {
    case IMAGING_PNG: load(vips_pngload_buffer); break;
    case IMAGING_JPEG: load(vips_jpegload_buffer); break;
    case IMAGING_WEBP: load(vips_webpload_buffer); break;
    case IMAGING_AVIF: load(vips_heifload_buffer); break;
    case IMAGING_TIFF: load(vips_tiffload_buffer); break;
    default: load(vips_gifload_buffer);
  }
  // Where several threads wait for rows, libvips before 8.15.4 may end without the fault of the
  // last ones, and a file that ends early is a picture with black in it.
  if (image != nullptr) vips_image_set_int(image, VIPS_META_CONCURRENCY, 1);
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

/// To sRGB by the file's own profile, or for ink by a usual one.
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
    // A profile that does not fit its pixels is common; the pixels then speak for themselves.
    vips_error_clear();
  }
}

/// Upright, sRGB, 8 bits, 3 or 4 channels.
void normalize(Image &image) {
  image.step([](VipsImage *in, VipsImage **out) { return vips_autorot(in, out, nullptr); });
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
  if (bands < 3) throw Failure{IMAGING_UNUSABLE, "its colours cannot be read"};
}

}  // namespace

extern "C" int imaging_read_header(
    const uint8_t *bytes, size_t count, ImagingHeader *header, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    reading(bytes, count, [&](int32_t format) {
      Image image(open(bytes, count, format));
      *header = header_of(image, format);
    });
  });
}

extern "C" int imaging_decode(
    const uint8_t *bytes, size_t count, int64_t pixel_limit, ImagingPicture *picture,
    ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    reading(bytes, count, [&](int32_t format) {
      Image image(open(bytes, count, format));
      ImagingHeader header = header_of(image, format);
      if (int64_t(header.width) * header.height > pixel_limit)
        throw Failure{
            IMAGING_UNUSABLE, "it has " + std::to_string(header.width) + "x" +
                                  std::to_string(header.height) + " pixels; the limit is " +
                                  std::to_string(pixel_limit)};
      // Turning needs all rows at hand.
      if (vips_image_get_orientation(image) != 1)
        image.become(vips_image_copy_memory(image));
      normalize(image);
      *picture = imaging::pixels_of(image);
      // What a decoder grumbled about a picture that it read all the same.
      vips_error_clear();
    });
  });
}
