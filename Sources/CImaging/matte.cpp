// The background remover, by OpenCV's GrabCut and a guided filter.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "fault.hpp"
#include "imaging.h"

namespace {

/// GrabCut's time grows faster than the picture; on a copy of this side it takes about 0.2 s.
const int kSmallSide = 288;

/// The colours of the border, as a few means in Lab.
cv::Mat border_colours(const cv::Mat &lab) {
  int depth = std::max(2, std::min(lab.cols, lab.rows) / 24);
  std::vector<cv::Vec3f> samples;
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      bool is_border = x < depth || x >= lab.cols - depth || y < depth;
      // A subject often stands on the lower edge, so only its corners count as border.
      bool is_corner = y >= lab.rows - depth && (x < lab.cols / 6 || x >= lab.cols * 5 / 6);
      if (is_border || is_corner) samples.push_back(lab.at<cv::Vec3f>(y, x));
    }
  cv::Mat data(int(samples.size()), 3, CV_32F, samples.data());
  cv::Mat labels, centres;
  cv::setRNGSeed(1);
  cv::kmeans(
      data, std::min<int>(8, data.rows), labels,
      cv::TermCriteria(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 12, 0.5), 1,
      cv::KMEANS_PP_CENTERS, centres);
  return centres;
}

/// How little each pixel looks like the border: 0 … about 1, weighted towards the middle.
cv::Mat saliency(const cv::Mat &lab) {
  cv::Mat centres = border_colours(lab);
  cv::Mat difference(lab.size(), CV_32F);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      cv::Vec3f colour = lab.at<cv::Vec3f>(y, x);
      float nearest = 1e9f;
      for (int i = 0; i < centres.rows; i++) {
        cv::Vec3f d = colour - centres.at<cv::Vec3f>(i);
        nearest = std::min(nearest, d.dot(d));
      }
      difference.at<float>(y, x) = std::sqrt(nearest);
    }
  cv::GaussianBlur(difference, difference, cv::Size(), lab.cols / 90.0 + 0.6);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      float dx = (x + 0.5f) / lab.cols - 0.5f;
      float dy = (y + 0.5f) / lab.rows - 0.52f;
      float middle = std::exp(-(dx * dx * 5.0f + dy * dy * 4.2f));
      difference.at<float>(y, x) *= 0.25f + 0.75f * middle;
    }
  double highest = 1;
  cv::minMaxLoc(difference, nullptr, &highest);
  return difference / std::max(highest, 1.0);
}

/// The share of the border that a mask touches.
double touched_border(const cv::Mat &mask) {
  int count = cv::countNonZero(mask.row(0)) + cv::countNonZero(mask.col(0)) +
              cv::countNonZero(mask.col(mask.cols - 1));
  return double(count) / (mask.cols + 2 * mask.rows);
}

/// Drops islands much smaller than the largest part, and fills small holes.
void tidy(cv::Mat &mask) {
  for (int pass = 0; pass < 2; pass++) {
    cv::Mat labels, stats, centres;
    int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8);
    int largest = 0;
    for (int i = 1; i < count; i++)
      largest = std::max(largest, stats.at<int>(i, cv::CC_STAT_AREA));
    double limit = pass == 0 ? largest * 0.08 : mask.total() * 0.002;
    for (int y = 0; y < mask.rows; y++)
      for (int x = 0; x < mask.cols; x++) {
        int label = labels.at<int>(y, x);
        if (label != 0 && stats.at<int>(label, cv::CC_STAT_AREA) < limit)
          mask.at<uint8_t>(y, x) = 0;
      }
    cv::bitwise_not(mask, mask);
  }
}

cv::Mat small_matte(const cv::Mat &small) {
  cv::Mat scaled, lab;
  small.convertTo(scaled, CV_32F, 1.0 / 255);
  cv::cvtColor(scaled, lab, cv::COLOR_RGB2Lab);
  cv::Mat map = saliency(lab);
  cv::Mat bytes;
  map.convertTo(bytes, CV_8U, 255);
  cv::Mat ignored;
  double level = cv::threshold(bytes, ignored, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
  cv::Mat mask(small.size(), CV_8U, cv::Scalar(cv::GC_PR_BGD));
  mask.setTo(cv::GC_PR_FGD, bytes > level);
  mask.setTo(cv::GC_FGD, bytes > std::min(250.0, level * 1.9));
  mask.setTo(cv::GC_BGD, bytes < level * 0.22);
  int rim = std::max(1, small.cols / 90);
  cv::rectangle(mask, cv::Rect(0, 0, mask.cols, mask.rows - rim), cv::GC_BGD, rim);
  cv::Mat background, foreground;
  cv::setRNGSeed(1);
  cv::grabCut(small, mask, cv::Rect(), background, foreground, 4, cv::GC_INIT_WITH_MASK);
  cv::Mat result = (mask == cv::GC_FGD) | (mask == cv::GC_PR_FGD);
  if (cv::countNonZero(result) < int(result.total() / 400) || touched_border(result) > 0.6) {
    // The model found nothing, or everything: what stands out is then the better answer.
    result = bytes > level;
  }
  // Lines that hang on to the subject (the edge of a table) are no part of it.
  cv::morphologyEx(
      result, result, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(3, 3)));
  tidy(result);
  return result;
}

/// Fits the matte to the edges of the picture: within a window it is a linear function of the
/// colours (guided filter); its coefficients are found small and applied at full size.
cv::Mat refined(const cv::Mat &picture, const cv::Mat &small_mask) {
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
  cv::Mat full_grey, full_slope, full_offset;
  cv::cvtColor(picture, full_grey, cv::COLOR_RGB2GRAY);
  full_grey.convertTo(full_grey, CV_32F, 1.0 / 255);
  cv::resize(slope, full_slope, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::resize(offset, full_offset, picture.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat soft = full_slope.mul(full_grey) + full_offset;
  // A filter leaves veils: the ends of the range are pulled to clear and opaque.
  cv::Mat bytes;
  soft.convertTo(bytes, CV_8U, 255 * 1.5, -255 * 0.25);
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

/// Takes the background's colour out of the half-covered pixels of the edge.
void clean_edge(cv::Mat &picture, const cv::Mat &alpha) {
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
  for (int y = 0; y < picture.rows; y++)
    for (int x = 0; x < picture.cols; x++) {
      uint8_t a = alpha.at<uint8_t>(y, x);
      float w = weight.at<float>(y, x);
      if (a > 245 || w < 1) continue;
      cv::Vec3f clean = colours.at<cv::Vec3f>(y, x) / w;
      float t = 1 - a / 255.0f;
      cv::Vec3b &pixel = picture.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; c++)
        pixel[c] = cv::saturate_cast<uint8_t>(pixel[c] + (clean[c] - pixel[c]) * std::min(1.0f, t * 1.4f));
    }
}

}  // namespace

extern "C" int imaging_matte(
    uint8_t *pixels, int32_t width, int32_t height, uint8_t *alpha, ImagingFault *fault) {
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
    cv::Mat matte = refined(picture, small_matte(small));
    clean_edge(picture, matte);
    matte.copyTo(cv::Mat(height, width, CV_8U, alpha));
  });
}
