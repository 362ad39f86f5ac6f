#pragma once

#include <opencv2/core.hpp>

#include "regions.hpp"

namespace imaging {

/// What speaks for and against a region being the subject's.
struct Cues {
  /// Distance of its colour from the nearest colour of the border.
  float strangeness = 0;
  /// The same, where a part of the border that hardly leads to more of it counts less: a subject
  /// that the frame cuts off lies on the border too.
  float lenient_strangeness = 0;
  /// What the cheapest way to the border crosses.
  float enclosure = 0;
  /// How much of what it belongs to lies on the border, against the size of that.
  float border = 0;
  /// How far what it belongs to reaches both to the left and to the right edge: a horizon does.
  float crossing = 0;
  /// How wide what it belongs to lies across the picture (standard deviation, 0 … 0.5).
  float spread = 0;
  /// How much it differs from the background about it: 0 … 1 within the picture.
  float contrast = 0;
  /// How near the middle it is: 0 … 1.
  float place = 0;
  /// Its detail against the picture's: what the lens was focused on has more.
  float focus = 0;
  /// How far down it is: 0 … 1.
  float height = 0;
};

/// How likely each pixel of a picture is its subject's: two readings, by how the border is taken.
struct Likelihood {
  /// All that is like the border is background.
  cv::Mat narrow;
  /// What only touches the border may be the subject's: for a subject that fills its frame.
  cv::Mat wide;

  explicit Likelihood(const cv::Mat &rgb);
};

}  // namespace imaging
