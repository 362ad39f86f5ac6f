// Tone mapping: linear light to bytes, four pixels at a time. IEEE 754 rounds every operation used
// here the same way on every processor.

#include <cstdint>

#include "imaging.h"

namespace {

typedef float Four __attribute__((vector_size(16)));
typedef int32_t FourWhole __attribute__((vector_size(16)));
typedef uint32_t FourBits __attribute__((vector_size(16)));

Four at_least_zero(Four value) { return __builtin_elementwise_max(value, Four{0, 0, 0, 0}); }

// Linear up to about a half, then flattening towards 1.
Four tone(Four light, float contrast) {
  Four value = at_least_zero(light);
  Four compressed = value * (1 + value * 0.18f) / (1 + value * 0.42f);
  Four root = __builtin_elementwise_sqrt(compressed);
  return ((root - 0.5f) * contrast + 0.5f) * 255.0f;
}

FourWhole byte(Four value) {
  Four limited = __builtin_elementwise_min(at_least_zero(value), Four{255, 255, 255, 255});
  return __builtin_convertvector(limited + 0.5f, FourWhole);
}

// A random number 0 … 1 for each of four cells of the plane, equal to `Noise.cell`.
Four specks(FourBits column, int32_t row, uint32_t salt) {
  FourBits hash = (column * 0x85EBCA6Bu) ^ (static_cast<uint32_t>(row) * 0xC2B2AE35u);
  hash ^= salt * 0x27D4EB2Fu;
  hash ^= hash >> 15;
  hash *= 0x2C1B3C6Du;
  hash ^= hash >> 12;
  hash *= 0x297A2D39u;
  hash ^= hash >> 15;
  // The rest has 24 bits.
  FourWhole high = __builtin_convertvector(hash >> 8, FourWhole);
  return __builtin_convertvector(high, Four) * (1.0f / 16777216.0f);
}

struct Row {
  float saturation, contrast, grain;
  int32_t row;
  uint32_t seed;

  void tone_map(const float *light, int32_t column, uint8_t *bytes, int32_t count) const {
    Four red{light[0], light[4], light[8], light[12]};
    Four green{light[1], light[5], light[9], light[13]};
    Four blue{light[2], light[6], light[10], light[14]};
    Four grey = red * 0.2126f + green * 0.7152f + blue * 0.0722f;
    Four channels[3] = {red, green, blue};
    Four speck{0, 0, 0, 0};
    if (grain > 0) {
      FourBits columns = FourBits{0, 1, 2, 3} + static_cast<uint32_t>(column);
      speck = (specks(columns, row, seed) + specks(columns, row, seed + 1) - 1) * grain;
    }
    FourWhole whole[3];
    for (int channel = 0; channel < 3; channel++) {
      Four coloured = at_least_zero(grey + (channels[channel] - grey) * saturation);
      whole[channel] = byte(tone(coloured, contrast) + speck);
    }
    for (int32_t index = 0; index < count; index++) {
      bytes[index * 3] = static_cast<uint8_t>(whole[0][index]);
      bytes[index * 3 + 1] = static_cast<uint8_t>(whole[1][index]);
      bytes[index * 3 + 2] = static_cast<uint8_t>(whole[2][index]);
    }
  }
};

}  // namespace

extern "C" void imaging_tone_map_row(
    const float *light, int32_t count, float saturation, float contrast, float grain, int32_t row,
    uint32_t seed, uint8_t *bytes) {
  Row mapper{saturation, contrast, grain, row, seed};
  int32_t column = 0;
  for (; column + 4 <= count; column += 4) {
    mapper.tone_map(light + column * 4, column, bytes + column * 3, 4);
  }
  if (column == count) return;
  float rest[16] = {};
  for (int32_t index = 0; index < (count - column) * 4; index++) {
    rest[index] = light[column * 4 + index];
  }
  mapper.tone_map(rest, column, bytes + column * 3, count - column);
}
