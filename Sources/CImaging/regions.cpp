// Splits an image into a few hundred regions of like colour. Statistics of a region are more
// reliable than those of a pixel, and there are few enough to compare all pairs.

#include "regions.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace imaging {

namespace {

/// The approximate number of regions in any image.
const int kRegions = 420;

/// The smoothest point within `reach` of a point: a seed on an edge would grow both ways.
cv::Point smoothest(const cv::Mat &slope, cv::Point middle, int reach) {
  cv::Rect around(middle.x - reach, middle.y - reach, 2 * reach + 1, 2 * reach + 1);
  around &= cv::Rect(cv::Point(), slope.size());
  cv::Point best;
  cv::minMaxLoc(slope(around), nullptr, nullptr, &best);
  return best + around.tl();
}

/// Grows regions from a grid of seeds; returns each pixel's label, from 1.
cv::Mat grown(const cv::Mat &rgb, const cv::Mat &lab) {
  cv::Mat smooth, across, down, slope;
  cv::GaussianBlur(lab, smooth, cv::Size(), 0.8);
  cv::Sobel(smooth, across, CV_32F, 1, 0);
  cv::Sobel(smooth, down, CV_32F, 0, 1);
  cv::transform(across.mul(across) + down.mul(down), slope, cv::Matx13f(1, 1, 1));
  double step = std::max(3.0, std::sqrt(double(rgb.total()) / kRegions));
  int columns = std::max(1, int(rgb.cols / step));
  int rows = std::max(1, int(rgb.rows / step));
  cv::Mat labels = cv::Mat::zeros(rgb.size(), CV_32S);
  for (int j = 0; j < rows; j++)
    for (int i = 0; i < columns; i++) {
      cv::Point middle(
          int((i + 0.5) * rgb.cols / columns), int((j + 0.5) * rgb.rows / rows));
      labels.at<int>(smoothest(slope, middle, int(step / 4))) = 1 + j * columns + i;
    }
  cv::watershed(rgb, labels);
  return labels;
}

/// The watershed leaves lines between regions, and the image's rim, unlabelled: each of these
/// pixels joins the neighbour with the nearest colour.
void close_lines(const cv::Mat &lab, cv::Mat &labels) {
  const cv::Point steps[] = {{0, -1}, {-1, 0}, {0, 1}, {1, 0}};
  cv::Rect whole(cv::Point(), labels.size());
  int total = int(labels.total());
  for (bool forward : {true, false})
    for (int k = 0; k < total; k++) {
      int index = forward ? k : total - 1 - k;
      cv::Point at(index % labels.cols, index / labels.cols);
      if (labels.at<int>(at) > 0) continue;
      double least = 1e9;
      for (const cv::Point &step : steps) {
        if (!whole.contains(at + step) || labels.at<int>(at + step) <= 0) continue;
        double distance = cv::norm(lab.at<cv::Vec3f>(at + step) - lab.at<cv::Vec3f>(at));
        if (distance >= least) continue;
        least = distance;
        labels.at<int>(at) = labels.at<int>(at + step);
      }
    }
}

}  // namespace

float colour_gap(const Region &one, const Region &other) {
  return float(cv::norm(one.colour - other.colour));
}

Regions::Regions(const cv::Mat &rgb) {
  cv::Mat scaled, lab, grey, blurred;
  rgb.convertTo(scaled, CV_32F, 1.0 / 255);
  cv::cvtColor(scaled, lab, cv::COLOR_RGB2Lab);
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(grey, CV_32F);
  cv::GaussianBlur(grey, blurred, cv::Size(), 1.5);
  // A single strong edge is not detail.
  cv::Mat detail = cv::abs(grey - blurred);
  cv::min(detail, 20, detail);
  cv::GaussianBlur(detail, detail, cv::Size(), 3);
  labels = grown(rgb, lab);
  close_lines(lab, labels);
  measure(lab, detail);
}

void Regions::measure(const cv::Mat &lab, const cv::Mat &detail) {
  double highest;
  cv::minMaxLoc(labels, nullptr, &highest);
  // In an image of a few pixels only lines may be left: treat it as one region.
  if (highest < 1) {
    labels.setTo(1);
    highest = 1;
  }
  all.resize(size_t(highest));
  labels -= 1;
  std::vector<cv::Vec2i> touching;
  auto touch = [&](int one, int other) {
    if (one == other) return;
    touching.push_back({one, other});
    touching.push_back({other, one});
  };
  for (int y = 0; y < labels.rows; y++)
    for (int x = 0; x < labels.cols; x++) {
      int label = labels.at<int>(y, x);
      Region &region = all[size_t(label)];
      region.colour += lab.at<cv::Vec3f>(y, x);
      region.centre += cv::Point2f(float(x) + 0.5f, float(y) + 0.5f);
      region.detail += detail.at<float>(y, x);
      region.area++;
      if (x == 0) region.on_left++;
      if (x == labels.cols - 1) region.on_right++;
      if (y == 0) region.on_top++;
      if (y == labels.rows - 1) region.on_bottom++;
      if (x > 0) touch(label, labels.at<int>(y, x - 1));
      if (y > 0) touch(label, labels.at<int>(y - 1, x));
    }
  for (Region &region : all) {
    float share = 1.0f / float(std::max(1, region.area));
    region.colour *= share;
    region.detail *= share;
    region.centre.x *= share / float(labels.cols);
    region.centre.y *= share / float(labels.rows);
  }
  auto before = [](const cv::Vec2i &a, const cv::Vec2i &b) {
    return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
  };
  std::sort(touching.begin(), touching.end(), before);
  touching.erase(std::unique(touching.begin(), touching.end()), touching.end());
  for (const cv::Vec2i &pair : touching) all[size_t(pair[0])].neighbours.push_back(pair[1]);
}

cv::Mat Regions::painted(const std::vector<float> &values) const {
  cv::Mat result(labels.size(), CV_32F);
  for (int y = 0; y < labels.rows; y++)
    for (int x = 0; x < labels.cols; x++)
      result.at<float>(y, x) = values[size_t(labels.at<int>(y, x))];
  return result;
}

}  // namespace imaging
