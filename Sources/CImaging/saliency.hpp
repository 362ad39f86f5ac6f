#pragma once

#include <opencv2/core.hpp>

#include "regions.hpp"

namespace imaging {

/// Evidence for and against a region being part of the subject.
struct Cues {
  /// Distance of its colour from the nearest colour of the border.
  float strangeness = 0;
  /// The same, but a border colour counts less the smaller the part of the border it is connected
  /// to: a subject that the frame cuts off touches the border too.
  float lenient_strangeness = 0;
  /// The cost of the cheapest path to the border.
  float enclosure = 0;
  /// How much of its thing lies on the border, relative to the thing's size.
  float border = 0;
  /// How far its thing reaches both the left and the right edge, as a horizon does.
  float crossing = 0;
  /// The width of its thing across the image (standard deviation, 0 … 0.5).
  float spread = 0;
  /// Its difference from the background around it: 0 … 1 within the image.
  float contrast = 0;
  /// Its nearness to the middle: 0 … 1.
  float place = 0;
  /// Its detail relative to the image's: the parts in focus have more.
  float focus = 0;
  /// How far down it lies: 0 … 1.
  float height = 0;
};

/// The likelihood that each pixel belongs to the subject, in two readings of the border.
struct Likelihood {
  /// Everything similar to the border is background.
  cv::Mat narrow;
  /// Parts that merely touch the border may be subject: for a subject that fills its frame.
  cv::Mat wide;

  explicit Likelihood(const cv::Mat &rgb);
};

}  // namespace imaging
