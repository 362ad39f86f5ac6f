// The innermost loops of the edits, written so that the compiler vectorises them. They call no
// library.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "imaging.h"

extern "C" void imaging_seam_row(
    float *cost, const float *above, const float *luma, const float *luma_above,
    const float *extra, int32_t width) {
  auto edge = [&](int32_t column) {
    float left = luma[std::max(column - 1, 0)];
    float right = luma[std::min(column + 1, width - 1)];
    float up = luma_above[column];
    float least = above[column];
    if (column > 0) least = std::min(least, above[column - 1] + std::fabs(up - left));
    if (column < width - 1) least = std::min(least, above[column + 1] + std::fabs(up - right));
    cost[column] = least + std::fabs(right - left) + extra[column];
  };
  edge(0);
  for (int32_t column = 1; column < width - 1; column++) {
    float left = luma[column - 1];
    float right = luma[column + 1];
    float up = luma_above[column];
    float from_left = above[column - 1] + std::fabs(up - left);
    float from_right = above[column + 1] + std::fabs(up - right);
    float least = from_left < from_right ? from_left : from_right;
    least = above[column] < least ? above[column] : least;
    cost[column] = least + std::fabs(right - left) + extra[column];
  }
  if (width > 1) edge(width - 1);
}
