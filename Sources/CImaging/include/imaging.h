/// All contact with libvips and OpenCV, behind plain C.
///
/// A picture here is interleaved 8-bit sRGB, upright, with 3 channels (R, G, B) or 4 (and
/// straight alpha). Functions return 1 on success; on failure they return 0, fill in `fault`
/// and leave their outputs untouched. No C++ exception leaves this interface. Everything may be
/// called from any thread.
#ifndef IMAGINE_IMAGING_H
#define IMAGINE_IMAGING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Whose fault a failure is.
enum {
  /// The input: damaged, too large, of an unknown format.
  IMAGING_UNUSABLE = 1,
  /// The library: out of memory, a codec that is not there.
  IMAGING_FAILED = 2,
  /// Nobody: the call's control said to stop.
  IMAGING_STOPPED = 3,
};

typedef struct ImagingFault {
  int32_t kind;
  char message[256];
} ImagingFault;

/// Asked during a call, from any of its threads, whether it is to end without a result.
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

/// Pixels that belong to the caller, who gives them back to `imaging_free`.
typedef struct ImagingPicture {
  uint8_t *pixels;
  int32_t width;
  int32_t height;
  int32_t channels;
} ImagingPicture;

/// What a file's header says, before any pixel is decoded.
typedef struct ImagingHeader {
  /// Pixels, as they are stored.
  int32_t width;
  int32_t height;
  /// Numbers a pixel, and bytes of each, as they are stored.
  int32_t bands;
  int32_t sample_size;
  /// 1 where there is an alpha channel.
  int32_t has_alpha;
} ImagingHeader;

/// Starts the libraries; every function does so itself, this only does it early.
int imaging_start(ImagingFault *fault);

/// Frees what a function here allocated.
void imaging_free(void *memory);

/// Allocates `size` bytes that `imaging_free` takes; NULL where memory is short.
void *imaging_allocate(size_t size);

/// Reads the header of a file of a format in memory.
int imaging_read_header(
    const uint8_t *bytes, size_t count, int32_t format, ImagingHeader *header,
    ImagingFault *fault);

/// Decodes a file of a format in memory: in sRGB, 8 bits; the first frame of an animation.
///
/// `orientation` (1 … 8, as EXIF numbers it) says how to turn the picture upright. The caller has
/// read the header and found the size to be within bounds.
int imaging_decode(
    const uint8_t *bytes, size_t count, int32_t format, int32_t orientation,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// Encodes a picture as a file; `quality` is 1 … 100 where the format loses anything.
///
/// JPEG knows no alpha: there a picture stands on white.
int imaging_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t format,
    int32_t quality, const ImagingControl *control, uint8_t **bytes, size_t *count,
    ImagingFault *fault);

/// Scales to exactly `width` × `height` (Lanczos; alpha is respected).
int imaging_resize(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t new_width,
    int32_t new_height, const ImagingControl *control, ImagingPicture *picture,
    ImagingFault *fault);

/// Finds the subject of a picture of 3 channels: what stands out from its border and is set off
/// from it, by GrabCut on a small copy; then refined at full size.
///
/// `alpha` takes `width * height` bytes, 255 for the subject. `pixels` is changed along the edge
/// of the subject, where it held some of the background.
int imaging_matte(
    uint8_t *pixels, int32_t width, int32_t height, uint8_t *alpha,
    const ImagingControl *control, ImagingFault *fault);

/// How likely each pixel of a picture of 3 channels is its subject's, without a sharp line: `map`
/// takes `width * height` bytes, 255 for what stands out most.
int imaging_subject_map(
    const uint8_t *pixels, int32_t width, int32_t height, uint8_t *map,
    const ImagingControl *control, ImagingFault *fault);

/// Doubles a picture: Lanczos, then corrected until scaling it down gives the original again.
int imaging_double(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault);

/// Fills where `mask` is not 0 from its rim inwards, each pixel from those nearer to the rim; for
/// thin holes. 3 channels, in place. Its time is in proportion to the hole, whatever its form.
int imaging_inpaint(
    uint8_t *pixels, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault);

/// Puts `source` into `pixels` where `mask` is not 0, so that it takes on the light of what is
/// around it (Poisson). All of one size, 3 channels; pixels outside the mask stay as they are.
int imaging_blend(
    uint8_t *pixels, const uint8_t *source, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault);

/// Turns a row of painted light into bytes: R, G, B of each of `count` pixels of R, G, B and depth.
///
/// Colours are drawn `saturation` times as far from grey, tones are compressed so that highlights
/// roll off, `contrast` spreads them about the middle, and `grain` is the strength of the specks
/// (in steps of a byte) that `seed`, `row` and the column decide.
void imaging_develop_row(
    const float *light, int32_t count, float saturation, float contrast, float grain, int32_t row,
    uint32_t seed, uint8_t *bytes);

/// One row of a seam's costs (forward energy), from those of the row above: the cheapest of the
/// three ways down to each pixel, plus `extra`. All of `width` numbers; `cost` overlaps none.
void imaging_seam_row(
    float *cost, const float *above, const float *luma, const float *luma_above,
    const float *extra, int32_t width);

#ifdef __cplusplus
}
#endif
#endif
