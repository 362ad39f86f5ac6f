// Background removal: finds the subject in a small copy and fits its matte to the image.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "fault.hpp"
#include "imaging.h"
#include "subject.hpp"

namespace {

/// GrabCut's time grows faster than the image; with sides of this size it takes about 0.2 s.
const int kSmallSide = 288;

/// Fits the matte to the image's edges with a guided filter: within a window, the matte is a linear
/// function of the colours. The coefficients are computed small and applied at full size.
cv::Mat refined(
    const cv::Mat &picture, const cv::Mat &small_mask, const ImagingControl *control) {
  int width = std::min(picture.cols, 640);
  double factor = double(width) / picture.cols;
  cv::Size size(width, std::max(1, int(std::lround(picture.rows * factor))));
  cv::Mat guide, mask;
  cv::resize(picture, guide, size, 0, 0, cv::INTER_AREA);
  cv::resize(small_mask, mask, size, 0, 0, cv::INTER_LINEAR);
  cv::Mat grey, alpha;
  cv::cvtColor(guide, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(grey, CV_32F, 1.0 / 255);
  mask.convertTo(alpha, CV_32F, 1.0 / 255);
  int radius = std::max(2, width / 180);
  cv::Size window(radius * 2 + 1, radius * 2 + 1);
  cv::Mat mean_guide, mean_alpha, correlation, variance;
  cv::boxFilter(grey, mean_guide, CV_32F, window);
  cv::boxFilter(alpha, mean_alpha, CV_32F, window);
  cv::boxFilter(grey.mul(alpha), correlation, CV_32F, window);
  cv::boxFilter(grey.mul(grey), variance, CV_32F, window);
  cv::Mat slope = (correlation - mean_guide.mul(mean_alpha)) /
                  (variance - mean_guide.mul(mean_guide) + 0.0006f);
  cv::Mat offset = mean_alpha - slope.mul(mean_guide);
  cv::boxFilter(slope, slope, CV_32F, window);
  cv::boxFilter(offset, offset, CV_32F, window);
  imaging::check(control);
  cv::Mat full_grey, full_slope, full_offset;
  cv::cvtColor(picture, full_grey, cv::COLOR_RGB2GRAY);
  full_grey.convertTo(full_grey, CV_32F, 1.0 / 255);
  cv::resize(slope, full_slope, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::resize(offset, full_offset, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat soft = full_slope.mul(full_grey) + full_offset;
  // The filter leaves haze: stretch the ends of the range to clear and opaque.
  cv::Mat bytes;
  soft.convertTo(bytes, CV_8U, 255 * 1.5, -255 * 0.25);
  imaging::check(control);
  // Far from the edge the small mask is right whatever the colours are.
  cv::Mat inner, outer, inner_full, outer_full;
  cv::Mat kernel = cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(7, 7));
  cv::erode(small_mask, inner, kernel);
  cv::dilate(small_mask, outer, kernel);
  cv::resize(inner, inner_full, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::resize(outer, outer_full, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::max(bytes, inner_full, bytes);
  cv::min(bytes, outer_full, bytes);
  return bytes;
}

/// Removes the background's colour from the half-covered pixels of the edge.
void clean_edge(cv::Mat &picture, const cv::Mat &alpha, const ImagingControl *control) {
  cv::Mat solid;
  cv::threshold(alpha, solid, 245, 1, cv::THRESH_BINARY);
  cv::Mat weight;
  solid.convertTo(weight, CV_32F);
  cv::Mat colours;
  picture.convertTo(colours, CV_32F);
  cv::Mat three;
  cv::merge(std::vector<cv::Mat>{weight, weight, weight}, three);
  cv::multiply(colours, three, colours);
  int reach = std::max(3, picture.cols / 130) * 2 + 1;
  cv::boxFilter(colours, colours, CV_32F, cv::Size(reach, reach), cv::Point(-1, -1), false);
  cv::boxFilter(weight, weight, CV_32F, cv::Size(reach, reach), cv::Point(-1, -1), false);
  imaging::check(control);
  for (int y = 0; y < picture.rows; y++)
    for (int x = 0; x < picture.cols; x++) {
      uint8_t a = alpha.at<uint8_t>(y, x);
      float w = weight.at<float>(y, x);
      if (a > 245 || w < 1) continue;
      cv::Vec3f clean = colours.at<cv::Vec3f>(y, x) / w;
      float t = 1 - a / 255.0f;
      cv::Vec3b &pixel = picture.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; c++)
        pixel[c] = cv::saturate_cast<uint8_t>(
            pixel[c] + (clean[c] - pixel[c]) * std::min(1.0f, t * 1.4f));
    }
}

}  // namespace

extern "C" int imaging_matte(
    uint8_t *pixels, int32_t width, int32_t height, uint8_t *alpha, double *confidence,
    const ImagingControl *control, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    cv::Mat picture(height, width, CV_8UC3, pixels);
    double factor = std::min(1.0, double(kSmallSide) / std::max(width, height));
    cv::Size size(
        std::max(1, int(std::lround(width * factor))),
        std::max(1, int(std::lround(height * factor))));
    if (size.width < 8 || size.height < 8)
      throw imaging::Failure{IMAGING_UNUSABLE, "it is too small to find a subject in"};
    cv::Mat small;
    cv::resize(picture, small, size, 0, 0, cv::INTER_AREA);
    imaging::check(control);
    imaging::Subject subject = imaging::find_subject(small);
    cv::Mat matte = refined(picture, subject.mask, control);
    clean_edge(picture, matte, control);
    matte.copyTo(cv::Mat(height, width, CV_8U, alpha));
    *confidence = subject.confidence;
  });
}

extern "C" int imaging_subject_map(
    const uint8_t *pixels, int32_t width, int32_t height, uint8_t *map,
    const ImagingControl *control, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    cv::Mat picture(height, width, CV_8UC3, const_cast<uint8_t *>(pixels));
    double factor = std::min(1.0, double(kSmallSide) / std::max(width, height));
    cv::Size size(
        std::max(8, int(std::lround(width * factor))),
        std::max(8, int(std::lround(height * factor))));
    cv::Mat small, bytes;
    cv::resize(picture, small, size, 0, 0, cv::INTER_AREA);
    imaging::check(control);
    imaging::subject_likelihood(small).convertTo(bytes, CV_8U, 255);
    cv::Mat full(height, width, CV_8U, map);
    cv::resize(bytes, full, picture.size(), 0, 0, cv::INTER_LINEAR);
  });
}
