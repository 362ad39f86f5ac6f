#pragma once

#include <opencv2/core.hpp>

namespace imaging {

/// The subject of an image.
struct Subject {
  /// 255 inside, 0 elsewhere.
  cv::Mat mask;
  /// How likely it is the whole subject and nothing else, 0 … 1.
  double confidence = 0;
};

/// The subject of a small image (8-bit R, G, B).
Subject find_subject(const cv::Mat &small);

/// The likelihood that each pixel of a small image belongs to its subject, 0 … 1, by saliency
/// alone.
cv::Mat subject_likelihood(const cv::Mat &small);

}  // namespace imaging
