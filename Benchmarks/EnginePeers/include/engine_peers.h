/// What the engine's edits are measured beside: one call of a library each, on decoded pixels.
///
/// Images are interleaved 8-bit R, G, B; masks one byte a pixel. Results are thrown away.
#ifndef IMAGINE_ENGINE_PEERS_H
#define IMAGINE_ENGINE_PEERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// cv::grabCut, from a rectangle an eighth of the image within its border, four rounds.
void peer_grab_cut(const uint8_t *pixels, int32_t width, int32_t height);

/// vips_resize with its Lanczos kernel.
void peer_resize(
    const uint8_t *pixels, int32_t width, int32_t height, double across, double down);

/// cv::inpaint by Telea's method, with a radius of 5 pixels.
void peer_inpaint(const uint8_t *pixels, int32_t width, int32_t height, const uint8_t *mask);

/// vips_pngsave_buffer with what it takes when nothing is said.
void peer_png_save(const uint8_t *pixels, int32_t width, int32_t height);

/// What a step over pixels is measured beside.
enum {
  PEER_CROP,
  PEER_PAD,
  PEER_ROTATE,
  PEER_FLIP,
  PEER_ADJUST,
  PEER_PASTE,
  PEER_LABEL,
  PEER_CONVERT,
};

/// The program that libvips's users write for a step: decodes a JPEG, does it, and writes a PNG, or a
/// JPEG for a conversion.
void peer_step(int32_t step, const uint8_t *file, uint64_t count);

/// Gives memory that was freed back to the system, where the C library can.
void peer_give_back_memory(void);

#ifdef __cplusplus
}
#endif
#endif
