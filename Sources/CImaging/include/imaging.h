/// A plain C interface to libvips, OpenCV and zlib; `ImagineEngine` calls them only through it.
///
/// An image here is interleaved 8-bit sRGB, upright, with 3 channels (R, G, B) or 4 (and straight
/// alpha). Functions return 1 on success; on failure they return 0, fill in `fault` and leave their
/// outputs untouched. No C++ exception leaves this interface. All functions may be called from any
/// thread.
#ifndef IMAGINE_IMAGING_H
#define IMAGINE_IMAGING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Who caused a failure.
enum {
  /// The input: damaged, too large, or of an unknown format.
  IMAGING_UNUSABLE = 1,
  /// The library: out of memory, or a codec is missing.
  IMAGING_FAILED = 2,
  /// The caller: the call's control was stopped.
  IMAGING_STOPPED = 3,
  /// The machine: something that every such call needs is not installed.
  IMAGING_MISSING = 4,
};

typedef struct ImagingFault {
  int32_t kind;
  char message[256];
} ImagingFault;

/// Asked during a call, from any of its threads, whether to end it without a result.
typedef struct ImagingControl {
  const void *context;
  int (*is_stopped)(const void *context);
} ImagingControl;

/// The file formats; the values are the order of `PictureFormat.allCases`.
enum {
  IMAGING_PNG = 0,
  IMAGING_JPEG = 1,
  IMAGING_WEBP = 2,
  IMAGING_AVIF = 3,
  IMAGING_TIFF = 4,
  IMAGING_GIF = 5,
};

/// Pixels; the caller owns them and frees them with `imaging_free`.
typedef struct ImagingPicture {
  uint8_t *pixels;
  int32_t width;
  int32_t height;
  int32_t channels;
} ImagingPicture;

/// The contents of a file's header, read before any pixel is decoded.
typedef struct ImagingHeader {
  /// Pixels, as stored.
  int32_t width;
  int32_t height;
  /// Channels per pixel, and bytes per channel, as stored.
  int32_t bands;
  int32_t sample_size;
  /// 1 if there is an alpha channel.
  int32_t has_alpha;
} ImagingHeader;

/// Starts the libraries early; otherwise the first call does.
int imaging_start(ImagingFault *fault);

/// Limits the threads of each later call, at least 1. Not while a call runs.
void imaging_limit_threads(int32_t count);

/// Keeps freed memory for the next call: to get new pages from the system takes a sixth of the time of
/// a picture. Before anything else here, and only with the GNU C library.
void imaging_keep_memory(void);

/// Gives freed memory back to the system if there are more bytes of it than `kept`.
void imaging_release_memory(size_t kept);

/// Frees memory that a function here allocated.
void imaging_free(void *memory);

/// Allocates `size` bytes for `imaging_free`; NULL when out of memory.
void *imaging_allocate(size_t size);

/// Reads the header of a file in memory.
int imaging_read_header(
    const uint8_t *bytes, size_t count, int32_t format, ImagingHeader *header,
    ImagingFault *fault);

/// Decodes a file in memory to 8-bit sRGB; the first frame of an animation.
///
/// `orientation` (1 … 8, as EXIF numbers it) says how to turn the image upright. The caller must
/// have checked the size in the header. `shrink` (1, 2, 4 or 8) divides the sides of a JPEG, whose
/// decoder then does a fraction of the work; other formats ignore it.
int imaging_decode(
    const uint8_t *bytes, size_t count, int32_t format, int32_t orientation, int32_t shrink,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// Encodes an image as a file; `quality` is 1 … 100, for lossy formats.
///
/// JPEG has no alpha: the image is flattened onto white. `is_compact` is 1 for a JPEG that is a
/// twentieth smaller and takes twice the time. `is_last_use` is 1 if nobody uses the pixels after the
/// call, but to free them: memory of them is then given back meanwhile.
int imaging_encode(
    uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t is_last_use,
    int32_t format, int32_t quality, int32_t is_compact, const ImagingControl *control,
    uint8_t **bytes, size_t *count, ImagingFault *fault);

/// How pixels are computed; the values are the order of `Conversion.Kernel.allCases`.
enum {
  IMAGING_LANCZOS = 0,
  IMAGING_CUBIC = 1,
  IMAGING_LINEAR = 2,
  IMAGING_NEAREST = 3,
};

/// Scales to exactly `width` × `height` (alpha-weighted).
int imaging_resize(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t new_width,
    int32_t new_height, int32_t kernel, const ImagingControl *control, ImagingPicture *picture,
    ImagingFault *fault);

/// Turns an image of 4 channels clockwise about its middle, by an angle given by its sine and
/// cosine. What was outside it is transparent.
int imaging_turn(
    const uint8_t *pixels, int32_t width, int32_t height, double sine, double cosine,
    int32_t new_width, int32_t new_height, const ImagingControl *control, ImagingPicture *picture,
    ImagingFault *fault);

/// A Gaussian blur (alpha-weighted); for 1, 3 or 4 channels.
int imaging_blur(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, double sigma,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// How colours meet those below; the values are the order of `PicturePlacement.Blend.allCases`.
enum {
  IMAGING_OVER = 0,
  IMAGING_MULTIPLY = 1,
  IMAGING_SCREEN = 2,
  IMAGING_OVERLAY = 3,
  IMAGING_DARKEN = 4,
  IMAGING_LIGHTEN = 5,
  IMAGING_ADD = 6,
  IMAGING_DIFFERENCE = 7,
};

/// Puts `upper` onto an image with its upper left at (`x`, `y`), which may be outside. Both have 4
/// channels; the result has the first one's size.
int imaging_composite(
    const uint8_t *pixels, int32_t width, int32_t height, const uint8_t *upper,
    int32_t upper_width, int32_t upper_height, int32_t x, int32_t y, int32_t mode,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// Draws a text without markup, in lines of at most `width` pixels where words allow it.
///
/// `font` is Pango's description of a font. `align` is 0 for left, 1 for the middle, 2 for right.
/// The picture has one channel, the coverage of each pixel, and is as small as the text.
int imaging_text(
    const char *text, const char *font, int32_t width, int32_t align, ImagingPicture *picture,
    ImagingFault *fault);

/// Finds the subject of an image of 3 channels by saliency and GrabCut on a small copy, then
/// refines the matte at full size.
///
/// `alpha` receives `width * height` bytes, 255 for the subject. `pixels` is changed along the
/// subject's edge, to remove the background's colour. `confidence`, 0 … 1, says how likely it is the
/// whole subject and nothing else.
int imaging_matte(
    uint8_t *pixels, int32_t width, int32_t height, uint8_t *alpha, double *confidence,
    const ImagingControl *control, ImagingFault *fault);

/// The likelihood that each pixel of an image of 3 channels belongs to its subject, without a sharp
/// outline: `map` receives `width * height` bytes, 255 for the most salient.
int imaging_subject_map(
    const uint8_t *pixels, int32_t width, int32_t height, uint8_t *map,
    const ImagingControl *control, ImagingFault *fault);

/// Doubles an image: Lanczos, then corrected until scaling it down gives the original again.
int imaging_double(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// Fills the pixels where `mask` is not 0 from the rim inwards, each from pixels nearer to the rim;
/// for thin holes. 3 channels, in place. The time is proportional to the hole's area, whatever its
/// form.
int imaging_inpaint(
    uint8_t *pixels, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault);

/// Pastes `source` into `pixels` where `mask` is not 0 and adapts it to the light around it
/// (Poisson blending). All of one size, 3 channels; pixels outside the mask do not change.
int imaging_blend(
    uint8_t *pixels, const uint8_t *source, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault);

/// Tone-maps a row: bytes R, G, B for each of `count` pixels of linear R, G, B and depth.
///
/// `saturation` scales each colour's distance from grey, tones are compressed so that highlights
/// roll off, `contrast` spreads them around the middle, and `grain` is the strength of the noise
/// (in byte steps) that `seed`, `row` and the column determine.
void imaging_tone_map_row(
    const float *light, int32_t count, float saturation, float contrast, float grain, int32_t row,
    uint32_t seed, uint8_t *bytes);

/// One row of seam costs (forward energy) from the row above: the cheapest of the three paths down
/// to each pixel, plus `extra`. All have `width` numbers; `cost` must not overlap the others.
void imaging_seam_row(
    float *cost, const float *above, const float *luma, const float *luma_above,
    const float *extra, int32_t width);

#ifdef __cplusplus
}
#endif
#endif
