#pragma once

#include <opencv2/core.hpp>

namespace imaging {

/// The subject of a small image (8-bit R, G, B): 255 inside, 0 elsewhere.
cv::Mat find_subject(const cv::Mat &small);

/// The likelihood that each pixel of a small image belongs to its subject, 0 … 1, by saliency
/// alone.
cv::Mat subject_likelihood(const cv::Mat &small);

}  // namespace imaging
