#pragma once

#include <cstddef>
#include <cstdint>

#include "imaging.h"

namespace imaging {

/// Encodes an image as a PNG, on all cores. The caller owns the bytes (`imaging_free`); they do not
/// depend on the number of cores.
///
/// At their last use the pixels' memory is given back to the system as they are compressed, so that
/// image and file are never both whole in memory; their values are undefined from then on.
uint8_t *write_png(
    uint8_t *pixels, int32_t width, int32_t height, int32_t channels, bool is_last_use,
    const ImagingControl *control, size_t *count);

}  // namespace imaging
