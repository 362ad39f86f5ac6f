#pragma once

#include <cstddef>
#include <cstdint>

#include "imaging.h"

namespace imaging {

/// Encodes a picture as a PNG, on every core. The bytes belong to the caller (`imaging_free`) and
/// do not depend on the number of cores.
uint8_t *write_png(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, size_t *count);

}  // namespace imaging
