#pragma once

#include <cstddef>
#include <cstdint>

#include "imaging.h"

namespace imaging {

/// Encodes an image as a PNG, on all cores. The caller owns the bytes (`imaging_free`); they do not
/// depend on the number of cores.
uint8_t *write_png(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, size_t *count);

}  // namespace imaging
