// Steps over pixels that libvips does: turns, blurs, blends and text.

#include <dlfcn.h>

#include <algorithm>

#include "imaging.h"
#include "libvips.hpp"

namespace {

using imaging::Failure;
using imaging::Image;

/// Runs a step that ends in an 8-bit image, and computes its pixels.
template <typename Body>
int computing(ImagingFault *fault, const ImagingControl *control, Body body) {
  return imaging::guarded(fault, [&] {
    imaging::start_vips();
    try {
      body();
    } catch (const imaging::VipsFailure &) {
      imaging::check(control);
      throw;
    }
  });
}

void premultiply(Image &image) {
  image.step([](VipsImage *in, VipsImage **out) { return vips_premultiply(in, out, nullptr); });
}

void round_to_bytes(Image &image) {
  image.step([](VipsImage *in, VipsImage **out) { return vips_rint(in, out, nullptr); });
  image.step([](VipsImage *in, VipsImage **out) {
    return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr);
  });
}

/// Back to straight alpha and 8 bits.
void straighten(Image &image) {
  image.step([](VipsImage *in, VipsImage **out) { return vips_unpremultiply(in, out, nullptr); });
  round_to_bytes(image);
}

/// Whether fontconfig has a font. Pango ends the process where there is none, so it must not be
/// asked. fontconfig is loaded with libvips; where it is not, Pango has other fonts.
bool has_font() {
  void *library = dlopen("libfontconfig.so.1", RTLD_LAZY);
  if (library == nullptr) return true;
  // FcFontSet begins with the number of its fonts; 0 names the fonts of the system.
  auto fonts = reinterpret_cast<const int *(*)(void *, int)>(dlsym(library, "FcConfigGetFonts"));
  if (fonts == nullptr) return true;
  const int *set = fonts(nullptr, 0);
  return set != nullptr && *set > 0;
}

VipsBlendMode blend_mode(int32_t mode) {
  switch (mode) {
    case IMAGING_MULTIPLY: return VIPS_BLEND_MODE_MULTIPLY;
    case IMAGING_SCREEN: return VIPS_BLEND_MODE_SCREEN;
    case IMAGING_OVERLAY: return VIPS_BLEND_MODE_OVERLAY;
    case IMAGING_DARKEN: return VIPS_BLEND_MODE_DARKEN;
    case IMAGING_LIGHTEN: return VIPS_BLEND_MODE_LIGHTEN;
    case IMAGING_ADD: return VIPS_BLEND_MODE_ADD;
    case IMAGING_DIFFERENCE: return VIPS_BLEND_MODE_DIFFERENCE;
    default: return VIPS_BLEND_MODE_OVER;
  }
}

}  // namespace

extern "C" int imaging_turn(
    const uint8_t *pixels, int32_t width, int32_t height, double sine, double cosine,
    int32_t new_width, int32_t new_height, const ImagingControl *control, ImagingPicture *picture,
    ImagingFault *fault) {
  return computing(fault, control, [&] {
    Image image(imaging::wrap(pixels, width, height, 4));
    imaging::StopGuard guard(image, control);
    premultiply(image);
    // A ring of nothing around the image gives its edges half-covered pixels.
    image.step([&](VipsImage *in, VipsImage **out) {
      return vips_embed(in, out, 1, 1, width + 2, height + 2, nullptr);
    });
    // The middle of the image goes to the middle of the result.
    double x = (new_width - 1) / 2.0 - cosine * (width + 1) / 2.0 + sine * (height + 1) / 2.0;
    double y = (new_height - 1) / 2.0 - sine * (width + 1) / 2.0 - cosine * (height + 1) / 2.0;
    image.step([&](VipsImage *in, VipsImage **out) {
      VipsArrayInt *area = vips_array_int_newv(4, 0, 0, new_width, new_height);
      VipsInterpolate *interpolate = vips_interpolate_new("bicubic");
      int result = vips_affine(
          in, out, cosine, -sine, sine, cosine, "oarea", area, "odx", x, "ody", y, "interpolate",
          interpolate, "premultiplied", TRUE, nullptr);
      g_object_unref(interpolate);
      vips_area_unref(VIPS_AREA(area));
      return result;
    });
    straighten(image);
    *picture = imaging::pixels_of(image);
  });
}

extern "C" int imaging_blur(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, double sigma,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault) {
  return computing(fault, control, [&] {
    Image image(imaging::wrap(pixels, width, height, channels));
    imaging::StopGuard guard(image, control);
    if (channels == 4) premultiply(image);
    image.step([&](VipsImage *in, VipsImage **out) {
      // With whole numbers, white would become 253.
      return vips_gaussblur(
          in, out, sigma, "min_ampl", 0.02, "precision", VIPS_PRECISION_FLOAT, nullptr);
    });
    if (channels == 4) {
      straighten(image);
    } else {
      round_to_bytes(image);
    }
    *picture = imaging::pixels_of(image);
  });
}

extern "C" int imaging_composite(
    const uint8_t *pixels, int32_t width, int32_t height, const uint8_t *upper,
    int32_t upper_width, int32_t upper_height, int32_t x, int32_t y, int32_t mode,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault) {
  return computing(fault, control, [&] {
    Image image(imaging::wrap(pixels, width, height, 4));
    Image other(imaging::wrap(upper, upper_width, upper_height, 4));
    imaging::StopGuard guard(image, control);
    image.step([&](VipsImage *in, VipsImage **out) {
      return vips_composite2(
          in, other, out, blend_mode(mode), "x", x, "y", y, "compositing_space",
          VIPS_INTERPRETATION_sRGB, nullptr);
    });
    round_to_bytes(image);
    *picture = imaging::pixels_of(image);
  });
}

extern "C" int imaging_text(
    const char *text, const char *font, int32_t width, int32_t align, ImagingPicture *picture,
    ImagingFault *fault) {
  return computing(fault, nullptr, [&] {
    if (vips_type_find("VipsOperation", "text") == 0)
      throw Failure{IMAGING_FAILED, "this libvips was built without Pango, which draws text"};
    if (!has_font()) throw Failure{IMAGING_MISSING, "no font is installed"};
    gchar *plain = g_markup_escape_text(text, -1);
    VipsImage *drawn = nullptr;
    VipsAlign place = align == 0 ? VIPS_ALIGN_LOW : align == 1 ? VIPS_ALIGN_CENTRE : VIPS_ALIGN_HIGH;
    int result = vips_text(
        &drawn, plain, "font", font, "dpi", 72, "width", width, "align", place, "wrap",
        VIPS_TEXT_WRAP_WORD_CHAR, nullptr);
    g_free(plain);
    if (result != 0) throw imaging::VipsFailure();
    Image image(drawn);
    *picture = imaging::pixels_of(image);
  });
}
