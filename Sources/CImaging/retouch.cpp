// Upscaling, and filling of thin holes, with OpenCV.

#include <algorithm>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "fault.hpp"
#include "imaging.h"
#include "parallel.hpp"

namespace {

/// Rows of the original that are processed at once, to limit memory.
const int kStrip = 96;

/// The vertical distance that a pixel may depend on: 4 rows for Lanczos, and 2 for each correction.
const int kReach = 10;

ImagingPicture empty_picture(int width, int height, int channels) {
  size_t size = size_t(width) * size_t(height) * size_t(channels);
  uint8_t *pixels = static_cast<uint8_t *>(imaging_allocate(size));
  if (pixels == nullptr) throw std::bad_alloc();
  return ImagingPicture{pixels, width, height, channels};
}

/// Weights colours by alpha, so that clear pixels do not bleed into their neighbours.
void weigh(cv::Mat &mat, bool undo) {
  for (int y = 0; y < mat.rows; y++) {
    float *line = mat.ptr<float>(y);
    for (int x = 0; x < mat.cols; x++, line += 4) {
      float alpha = line[3] / 255;
      float scale = undo ? (alpha > 0.002f ? 1 / alpha : 0) : alpha;
      for (int c = 0; c < 3; c++) line[c] *= scale;
    }
  }
}

cv::Mat doubled(const cv::Mat &source) {
  cv::Mat original;
  source.convertTo(original, CV_32F);
  if (source.channels() == 4) weigh(original, false);
  cv::Size size(source.cols * 2, source.rows * 2);
  cv::Mat large, small, correction;
  cv::resize(original, large, size, 0, 0, cv::INTER_LANCZOS4);
  for (int step = 0; step < 2; step++) {
    cv::resize(large, small, original.size(), 0, 0, cv::INTER_AREA);
    cv::subtract(original, small, small);
    cv::resize(small, correction, size, 0, 0, cv::INTER_CUBIC);
    cv::add(large, correction, large);
  }
  if (source.channels() == 4) weigh(large, true);
  cv::Mat result;
  large.convertTo(result, CV_8U);
  return result;
}

/// How far a pixel of a hole looks for known ones.
const int kRimReach = 4;

/// Fills a hole pixel by pixel from the rim inwards, each with the mean of nearby known pixels,
/// weighted by nearness. Every pixel is visited once.
void fill_from_rim(cv::Mat &picture, const cv::Mat &hole, const ImagingControl *control) {
  const int kUnknown = std::numeric_limits<int>::max();
  const cv::Point steps[] = {{0, -1}, {-1, 0}, {0, 1}, {1, 0}};
  cv::Rect whole(cv::Point(), picture.size());
  // 0 for known pixels, else the number of steps to them.
  cv::Mat distance(picture.size(), CV_32S, cv::Scalar(0));
  distance.setTo(kUnknown, hole);
  std::vector<cv::Point> order;
  for (int y = 0; y < hole.rows; y++)
    for (int x = 0; x < hole.cols; x++) {
      if (distance.at<int>(y, x) != kUnknown) continue;
      for (const cv::Point &step : steps) {
        cv::Point next = cv::Point(x, y) + step;
        if (!whole.contains(next) || distance.at<int>(next) != 0) continue;
        distance.at<int>(y, x) = 1;
        order.emplace_back(x, y);
        break;
      }
    }
  for (size_t index = 0; index < order.size(); index++) {
    if (index % 4096 == 0) imaging::check(control);
    cv::Point at = order[index];
    int own = distance.at<int>(at);
    for (const cv::Point &step : steps) {
      cv::Point next = at + step;
      if (!whole.contains(next) || distance.at<int>(next) != kUnknown) continue;
      distance.at<int>(next) = own + 1;
      order.push_back(next);
    }
    cv::Rect around(at.x - kRimReach, at.y - kRimReach, 2 * kRimReach + 1, 2 * kRimReach + 1);
    around &= whole;
    float sums[3] = {0, 0, 0}, total = 0;
    for (int y = around.y; y < around.br().y; y++) {
      const int *known = distance.ptr<int>(y);
      const cv::Vec3b *line = picture.ptr<cv::Vec3b>(y);
      for (int x = around.x; x < around.br().x; x++) {
        if (known[x] >= own) continue;
        int across = x - at.x, down = y - at.y;
        int square = across * across + down * down;
        float weight = 1.0f / float(square * square);
        for (int c = 0; c < 3; c++) sums[c] += weight * line[x][c];
        total += weight;
      }
    }
    cv::Vec3b &pixel = picture.at<cv::Vec3b>(at);
    for (int c = 0; c < 3; c++) pixel[c] = cv::saturate_cast<uint8_t>(sums[c] / total);
  }
}

}  // namespace

extern "C" int imaging_double(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, ImagingPicture *picture, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    cv::Mat source(height, width, CV_8UC(channels), const_cast<uint8_t *>(pixels));
    ImagingPicture result = empty_picture(width * 2, height * 2, channels);
    cv::Mat whole(height * 2, width * 2, CV_8UC(channels), result.pixels);
    int strips = (height + kStrip - 1) / kStrip;
    try {
      imaging::parallel_for(strips, [&](const cv::Range &range) {
        for (int strip = range.start; strip < range.end; strip++) {
          imaging::check(control);
          int first = strip * kStrip, end = std::min(height, first + kStrip);
          int above = std::max(0, first - kReach), below = std::min(height, end + kReach);
          cv::Mat large = doubled(source.rowRange(above, below));
          large.rowRange((first - above) * 2, (end - above) * 2)
              .copyTo(whole.rowRange(first * 2, end * 2));
        }
      });
    } catch (...) {
      imaging_free(result.pixels);
      throw;
    }
    *picture = result;
  });
}

extern "C" int imaging_inpaint(
    uint8_t *pixels, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    cv::Mat picture(height, width, CV_8UC3, pixels);
    cv::Mat hole(height, width, CV_8U, const_cast<uint8_t *>(mask));
    fill_from_rim(picture, hole, control);
  });
}
