#pragma once

#include <opencv2/core.hpp>

namespace imaging {

/// Where the subject of a small picture (8-bit R, G, B) is: 255, elsewhere 0.
cv::Mat find_subject(const cv::Mat &small);

/// How likely each pixel of a small picture is its subject's: 0 … 1, by what stands out alone.
cv::Mat subject_likelihood(const cv::Mat &small);

}  // namespace imaging
